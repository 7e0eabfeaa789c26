"""Small pictures of frames: enough to see cuts and motion."""

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 36
Rgb = NDArray[np.uint8]


def thumbnails(frames: Rgb) -> Rgb:
    """Shrink ``(N, H, W, 3)`` frames to ``(N, 36, 64, 3)``, each pixel the mean of its area."""
    from PIL import Image

    small = [
        np.asarray(Image.fromarray(frame).resize((WIDTH, HEIGHT), Image.Resampling.BOX))
        for frame in frames
    ]
    return np.stack(small) if small else np.empty((0, HEIGHT, WIDTH, 3), dtype=np.uint8)
