"""A strip shows the frames in order, in a bounded picture."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from zs_dagster.errors import InputError
from zs_dagster.report.classification.frame_strip import (
    GAP,
    MAX_FRAMES,
    shown_frames,
    strip_png,
)


def decoded(png: bytes) -> NDArray[np.uint8]:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def plain(levels: list[int], height: int = 30, width: int = 40) -> NDArray[np.uint8]:
    rows = np.array(levels, np.uint8)[:, None, None, None]
    return np.broadcast_to(rows, (len(levels), height, width, 3)).copy()


def test_frames_stand_side_by_side_in_order() -> None:
    strip = decoded(strip_png(plain([10, 120, 240]), height=60))
    assert strip.shape == (60, 3 * 80 + 2 * GAP, 3)
    for number, level in enumerate([10, 120, 240]):
        start = number * (80 + GAP)
        assert (abs(strip[:, start : start + 80].astype(int) - level) <= 2).all()


def test_colours_stay_in_their_channels() -> None:
    frame = np.zeros((1, 20, 20, 3), np.uint8)
    frame[..., 0], frame[..., 2] = 200, 50
    assert decoded(strip_png(frame, height=20))[10, 10].tolist() == [200, 0, 50]


def test_of_many_frames_the_first_and_last_are_shown() -> None:
    levels = [0] + [128] * 98 + [255]
    strip = decoded(strip_png(plain(levels), height=30))
    assert strip.shape[1] == MAX_FRAMES * (40 + GAP) - GAP
    assert strip[15, 5, 0] <= 2
    assert strip[15, -5, 0] >= 253


@given(st.integers(1, 3000))
def test_shown_frames_are_spread_from_the_first_to_the_last(count: int) -> None:
    shown = shown_frames(count)
    steps = np.diff(shown)
    assert shown[0] == 0
    assert shown[-1] == count - 1
    assert len(shown) == min(count, MAX_FRAMES)
    assert (steps > 0).all()
    assert not len(steps) or steps.max() - steps.min() <= 1


@pytest.mark.parametrize("height", [1, 8, 72])
def test_even_noise_stays_within_the_bytes(height: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 90, 3), dtype=np.uint8)
    png = strip_png(noise, height)
    assert len(png) <= 12 * height**2 + 2048
    assert decoded(png).size


def test_a_frame_is_at_most_twice_as_wide_as_high() -> None:
    wide = decoded(strip_png(plain([200], height=10, width=1000), height=40))
    assert wide.shape == (40, 80, 3)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 4, 4), np.uint8), r"shape \(F, H, W, 3\), all > 0, got \(2, 4, 4\)"),
        (np.zeros((2, 4, 4, 4), np.uint8), "got .2, 4, 4, 4."),
        (np.zeros((0, 4, 4, 3), np.uint8), "got .0, 4, 4, 3."),
        (np.zeros((1, 4, 4, 3), np.float32), "must be uint8, got float32"),
    ],
)
def test_what_is_no_frames_is_refused(frames: NDArray[np.uint8], message: str) -> None:
    with pytest.raises(InputError, match=message):
        strip_png(frames)


def test_a_strip_has_a_height() -> None:
    with pytest.raises(InputError, match="height must be at least 1, got 0"):
        strip_png(plain([1]), height=0)
