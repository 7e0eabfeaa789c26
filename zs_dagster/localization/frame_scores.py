"""Checked per-sample scores of one class in one video: what localizers read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

CONFIDENCE_SLACK = 1e-6  # a float32 softmax may exceed 1 by its rounding
COSINE_SLACK = 1e-2  # and so may the cosine of float16 features


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Scores of T samples and when each sample is shown.

    Attributes:
        confidence: Shape ``(T, 2)``, P(yes) of the start and of the end question, in [0, 1].
        actionness: Shape ``(T,)``, cosine of frame and class text, in [-1, 1].
        time_s: Shape ``(T,)``, presentation times, seconds, strictly increasing.
        span_end_s: Shape ``(T,)``, seconds at which the next sample is shown; the end of the
            video for the last sample.
    """

    confidence: FloatArray
    actionness: FloatArray
    time_s: FloatArray
    span_end_s: FloatArray

    def __len__(self) -> int:
        return int(self.time_s.size)


def frame_scores(
    confidence: ArrayLike, actionness: ArrayLike, time_s: ArrayLike, end_s: float
) -> FrameScores:
    """Check and gather the scores of one class in one video.

    Args:
        confidence: Shape ``(T, 2)``, P(yes) of the start and the end question.
        actionness: Shape ``(T,)``, cosine of frame and class text.
        time_s: Shape ``(T,)``, presentation times, seconds, strictly increasing.
        end_s: Seconds, end of the last sample's span; not before the last time.

    Returns:
        The same as float64, T may be 0.

    Raises:
        InputError: If shapes disagree, or a value is not finite or out of range.
    """
    confidence_ = _finite("confidence", confidence)
    actionness_ = _finite("actionness", actionness)
    span_end_s = span_ends(time_s, end_s)
    count = span_end_s.size
    if confidence_.shape != (count, 2):
        raise InputError(
            f"confidence must have shape ({count}, 2), one row per time and the columns start "
            f"and end, got {confidence_.shape}"
        )
    if actionness_.shape != (count,):
        raise InputError(f"actionness must have shape ({count},), got {actionness_.shape}")
    check_range("confidence", confidence_, 0.0, 1.0, CONFIDENCE_SLACK)
    check_range("actionness", actionness_, -1.0, 1.0, COSINE_SLACK)
    return FrameScores(confidence_, actionness_, _finite("time_s", time_s), span_end_s)


def span_ends(time_s: ArrayLike, end_s: float) -> FloatArray:
    """End of each sample's span: the next sample's time, ``end_s`` for the last, shape (T,)."""
    times, end = _finite("time_s", time_s), float(_finite("end_s", end_s))
    if times.ndim != 1:
        raise InputError(f"time_s must have shape (T,), got {times.shape}")
    backwards = np.flatnonzero(np.diff(times) <= 0)
    if backwards.size:
        i = int(backwards[0])
        raise InputError(
            f"time_s must increase strictly, got {times[i]:g} then {times[i + 1]:g} at sample "
            f"{i}; sort the samples and drop repeated ones"
        )
    if times.size and end < times[-1]:
        raise InputError(
            f"end_s must not lie before the last sample, got {end:g} < {times[-1]:g}"
        )
    return np.append(times, end)[1:]


def check_range(name: str, values: FloatArray, low: float, high: float, slack: float) -> None:
    """Raise unless every value lies in ``[low - slack, high + slack]``."""
    outside = values[(values < low - slack) | (values > high + slack)]
    if outside.size:
        raise InputError(
            f"{name} must lie in [{low:g}, {high:g}], got {outside[0]:g}; {outside.size} of "
            f"{values.size} values are outside"
        )


def _finite(name: str, values: ArrayLike) -> FloatArray:
    """Convert to float64; raise on anything that is not a finite number."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers of one shape, got {error}") from error
    broken = ~np.isfinite(array)
    if broken.any():
        raise InputError(
            f"{name} must be finite, got {array[broken][0]}; {int(broken.sum())} of "
            f"{array.size} values are not finite, score the video again"
        )
    return array
