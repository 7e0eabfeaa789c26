"""Which times to look at: arithmetic on duration and rate, no file."""

import math

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.video.frames import FloatArray


def sample_times(duration_s: float, fps: float) -> FloatArray:
    """Return the times ``k / fps``, k = 0, 1, …, that lie before the end.

    Args:
        duration_s: Length of the video in seconds, > 0.
        fps: Frames to look at per second, > 0.

    Returns:
        Shape ``(T,)``, T >= 1, ascending seconds from the first frame.

    Raises:
        InputError: If an argument is not finite and positive.
    """
    _check_positive("duration_s", duration_s)
    _check_positive("fps", fps)
    # One more than needed, as duration * fps may round down.
    times = np.arange(math.ceil(duration_s * fps) + 1, dtype=np.float64) / fps
    return times[times < duration_s]


def uniform_times(duration_s: float, n: int) -> FloatArray:
    """Return the mid-points of ``n`` equal parts of the video.

    Args:
        duration_s: Length of the video in seconds, > 0.
        n: Number of parts, >= 1.

    Returns:
        Shape ``(n,)``, ascending seconds from the first frame.

    Raises:
        InputError: If an argument is out of range.
    """
    _check_positive("duration_s", duration_s)
    if n < 1:
        raise InputError(f"n must be >= 1 sample, got {n}")
    return (np.arange(n, dtype=np.float64) + 0.5) * (duration_s / n)


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be finite and > 0, got {value:g}")
