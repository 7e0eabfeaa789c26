"""How a person says at which times to look: ``fps:2`` or ``uniform:16``."""

from zs_dagster.errors import InputError
from zs_dagster.video.frames import FloatArray
from zs_dagster.video.sampling import sample_times, uniform_times


def times_of(policy: str, duration_s: float) -> FloatArray:
    """Return the times of a policy, seconds from the first frame.

    Args:
        policy: ``fps:RATE``, frames per second, or ``uniform:N``, mid-points of N parts.
        duration_s: Length of the video, > 0.

    Raises:
        InputError: If the policy is neither, or its number is out of range.
    """
    name, _, number = policy.partition(":")
    try:
        if name == "fps":
            return sample_times(duration_s, float(number))
        if name == "uniform":
            return uniform_times(duration_s, int(number))
    except InputError:
        raise
    except ValueError:
        pass
    raise InputError(f"--sample must be fps:RATE or uniform:N, got '{policy}'")
