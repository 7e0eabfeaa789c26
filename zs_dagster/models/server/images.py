"""Frames as data URLs, the form in which chat messages carry images."""

import base64
import io
from typing import Any, Literal

from PIL import Image

from zs_dagster.models.protocols import FrameArray

ImageFormat = Literal["png", "jpeg"]

# Little compression is fast, and the pixels are the same. Full colour resolution keeps the
# edges that chroma subsampling would blur.
_OPTIONS: dict[ImageFormat, dict[str, Any]] = {
    "png": {"compress_level": 1},
    "jpeg": {"quality": 95, "subsampling": 0},
}


def data_url(frame: FrameArray, image_format: ImageFormat) -> str:
    """Encode one RGB frame ``(H, W, 3)``: PNG without loss, JPEG at quality 95."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, image_format, **_OPTIONS[image_format])
    text = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/{image_format};base64,{text}"
