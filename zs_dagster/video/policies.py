"""How a person says at which times to look: ``fps:2`` or ``uniform:16``."""

import math

from zs_dagster.errors import InputError
from zs_dagster.video.frames import FloatArray
from zs_dagster.video.sampling import sample_times, uniform_times

MAX_FRAMES = 20_000


def times_of(policy: str, duration_s: float, n_frames: int) -> FloatArray:
    """Return the times of a policy, seconds from the first frame.

    Args:
        policy: ``fps:RATE``, frames per second, or ``uniform:N``, mid-points of N parts, of no
            more parts than there are frames.
        duration_s: Length of the video, > 0.
        n_frames: Frames there are, >= 1.

    Raises:
        InputError: If the policy is neither, its number is out of range, or it gives more than
            `MAX_FRAMES` times.
    """
    name, _, number = policy.partition(":")
    try:
        if name == "fps":
            rate = float(number)
            _check_few(duration_s * rate if math.isfinite(rate) else 0)
            return sample_times(duration_s, rate)
        if name == "uniform":
            n = min(int(number), n_frames)
            _check_few(n)
            return uniform_times(duration_s, n)
    except InputError:
        raise
    except ValueError:
        pass
    raise InputError(f"--sample must be fps:RATE or uniform:N, got '{policy}'")


def _check_few(count: float) -> None:
    """Refuse what would be too many before they are computed; a rate may ask for any number."""
    if count > MAX_FRAMES:
        raise InputError(
            f"--sample may give {MAX_FRAMES} frames at most, got {count:.6g}; sample less"
        )
