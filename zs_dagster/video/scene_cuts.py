"""Where one shot ends and the next begins."""

import numpy as np
from numpy.typing import NDArray

from zs_dagster.video.frames import FloatArray

DEFAULT_THRESHOLD = 27.0
DEFAULT_MIN_FRAMES = 15


def scene_cuts(
    thumbnails: NDArray[np.uint8],
    *,
    threshold: float = DEFAULT_THRESHOLD,
    min_frames: int = DEFAULT_MIN_FRAMES,
) -> list[int]:
    """Return the first frame of every shot after the first.

    A cut is where the mean change of hue, saturation and value reaches the threshold and the
    shot has its least length; the documented defaults of PySceneDetect's content detector.

    Args:
        thumbnails: Shape ``(T, h, w, 3)``, RGB.
        threshold: Mean change, 0 to 255.
        min_frames: Least length of a shot, frames.
    """
    cuts: list[int] = []
    change = colour_change(thumbnails)
    for frame in np.flatnonzero(change >= threshold).tolist():
        if frame - (cuts[-1] if cuts else 0) >= min_frames:
            cuts.append(frame)
    return cuts


def colour_change(thumbnails: NDArray[np.uint8]) -> FloatArray:
    """Return the mean absolute change of hue, saturation and value, shape ``(T,)``, 0 to 255.

    Hue is a circle of 180 steps, as in the detector the defaults come from.
    """
    hsv = np.stack([_hsv(frame) for frame in thumbnails])
    change = np.abs(np.diff(hsv, axis=0)).mean(axis=(1, 2, 3))
    return np.concatenate([[0.0], change])


def _hsv(rgb: NDArray[np.uint8]) -> FloatArray:
    """Return hue 0 to 180, saturation and value 0 to 255 of a picture."""
    unit = rgb / 255.0
    value, low = unit.max(axis=-1), unit.min(axis=-1)
    span = value - low
    safe = np.where(span == 0, 1.0, span)
    red, green, blue = np.moveaxis(unit, -1, 0)
    hue = np.select(
        [span == 0, value == red, value == green],
        [np.zeros_like(span), ((green - blue) / safe) % 6, (blue - red) / safe + 2],
        (red - green) / safe + 4,
    )
    saturation = np.where(value == 0, 0.0, span / np.where(value == 0, 1.0, value))
    return np.stack([hue * 30, saturation * 255, value * 255], axis=-1)
