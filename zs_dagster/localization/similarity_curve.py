"""How much each frame resembles a class: the curve that T3AL and FreeZAD cut."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.localization.normalise import normalise
from zs_dagster.segments import FloatArray
from zs_dagster.similarity import cosine_similarity, normalised

LOGIT_SCALE = 100.0  # CLIP's exp(logit_scale), which training clips there.


@dataclass(frozen=True)
class CurveShape:
    """How a curve is made.

    Attributes:
        remove_background: Take the mean frame of the video from every frame.
        smoothing_s: Width of the moving average, seconds; 0 is none.
        is_normalised: Stretch the smoothed curve of each video to [0, 1].
    """

    remove_background: bool
    smoothing_s: float
    is_normalised: bool


def pseudo_label(features: NDArray[Any], texts: NDArray[Any]) -> int:
    """Return the class that the mean frame of a video resembles most.

    Args:
        features: Shape ``(T, D)``, un-normalised.
        texts: Shape ``(K, D)``, K >= 1.

    Reference:
        T3AL, arXiv:2404.05426, section 3.1. Their softmax does not change the best class.
    """
    mean = np.asarray(features, dtype=np.float64).mean(axis=0, keepdims=True)
    return int(np.argmax(cosine_similarity(mean, texts)[0]))


def foreground(features: NDArray[Any], shape: CurveShape) -> FloatArray:
    """Return the frames, ``(T, D)``, less their mean where that is wanted."""
    frames = np.asarray(features, dtype=np.float64)
    return frames - frames.mean(axis=0) if shape.remove_background else frames


def similarity(frames: FloatArray, text: NDArray[Any]) -> FloatArray:
    """Logit of each frame, ``(T,)`` in [-100, 100]: scaled cosine with a text ``(D,)``."""
    curve: FloatArray = LOGIT_SCALE * (normalised(frames) @ normalised(text[np.newaxis])[0])
    return curve


def shaped(raw: FloatArray, time_s: FloatArray, shape: CurveShape) -> FloatArray | None:
    """Smooth and stretch a curve; None where a constant one was to be stretched.

    Args:
        raw: Shape ``(T,)``.
        time_s: Shape ``(T,)``, seconds.
        shape: What to do.
    """
    smooth = moving_average(raw, samples_in(shape.smoothing_s, time_s))
    return normalise(smooth, 0.0) if shape.is_normalised else smooth


def samples_in(seconds: float, time_s: FloatArray) -> int:
    """Convert a length to samples of the usual spacing, rounded; 0 for a single sample."""
    return round(seconds / float(np.median(np.diff(time_s)))) if time_s.size > 1 else 0


def moving_average(values: FloatArray, width: int) -> FloatArray:
    """Mean over a window of ``width`` samples, the edges padded with their own value.

    An even window reaches one sample further back than forth. A width below 2 does nothing.
    """
    if width < 2:
        return values
    padded = np.pad(values, (width // 2, (width - 1) // 2), mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")
