"""The frames a sampler chose, side by side in one small picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from zs_dagster.errors import InputError
from zs_dagster.report.png import encode_image

DEFAULT_HEIGHT = 72
MAX_FRAMES = 16
PALETTES = (256, 64)  # Fewer take the colour out of photographs.
GAP, BETWEEN = 2, (128, 128, 128)  # Grey between frames suits a light and a dark page.


def strip_png(frames: NDArray[np.uint8], height: int = DEFAULT_HEIGHT) -> bytes:
    """Draw frames side by side, evenly spaced ones where there are more than 16.

    Args:
        frames: ``(F, H, W, 3)`` uint8 RGB, F >= 1, in order of time.
        height: Of the strip in pixels, >= 1. No frame is wider than twice the height.

    Returns:
        A PNG of at most ``12 * height**2 + 2048`` bytes: 64 KB at the default height.
        Colours, then pixels are reduced until it fits.

    Raises:
        InputError: If the frames have another shape or type, or the height is below 1.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
        raise InputError(f"frames must have shape (F, H, W, 3), all > 0, got {frames.shape}")
    if frames.dtype != np.uint8:
        raise InputError(f"frames must be uint8, got {frames.dtype}")
    if height < 1:
        raise InputError(f"height must be at least 1, got {height}")
    tiles = [_tile(frames[i], height) for i in shown_frames(len(frames))]
    return encode_image(_side_by_side(tiles), 12 * height**2 + 2048, PALETTES)


def shown_frames(count: int) -> list[int]:
    """Return which of ``count`` frames a strip shows: all, or 16 from first to last."""
    if count <= MAX_FRAMES:
        return list(range(count))
    return [round(i * (count - 1) / (MAX_FRAMES - 1)) for i in range(MAX_FRAMES)]


def _tile(frame: NDArray[np.uint8], height: int) -> Image.Image:
    image = Image.fromarray(frame)
    width = max(1, min(2 * height, round(image.width * height / image.height)))
    return ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC, color=BETWEEN)


def _side_by_side(tiles: list[Image.Image]) -> Image.Image:
    step = tiles[0].width + GAP
    strip = Image.new("RGB", (step * len(tiles) - GAP, tiles[0].height), BETWEEN)
    for number, tile in enumerate(tiles):
        strip.paste(tile, (number * step, 0))
    return strip
