"""What a server gets to see of a frame."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zs_dagster.models.server.images import ImageFormat, data_url


def decoded(frame: NDArray[np.uint8], image_format: ImageFormat) -> NDArray[np.uint8]:
    head, _, text = data_url(frame, image_format).partition(",")
    assert head == f"data:image/{image_format};base64"
    image = Image.open(io.BytesIO(base64.b64decode(text)))
    assert image.format == image_format.upper()
    return np.asarray(image)


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (30, 50, 3), dtype=np.uint8)


def test_png_is_every_pixel_of_any_view(noise: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(decoded(noise, "png"), noise)
    np.testing.assert_array_equal(
        decoded(noise[::-1, ::2, ::-1], "png"), noise[::-1, ::2, ::-1]
    )


def test_jpeg_keeps_the_edges_of_colours() -> None:
    frame = np.zeros((32, 32, 3), np.uint8)
    frame[:, ::2, 0] = 255  # red lines of one pixel, which chroma subsampling would smear
    assert np.abs(decoded(frame, "jpeg").astype(int) - frame).max() < 40
