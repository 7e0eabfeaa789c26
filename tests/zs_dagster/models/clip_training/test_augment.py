"""Training views, by hand and by their properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.models.clip_training.augment import (
    SCALES,
    jitter_colours,
    random_crop,
    training_view,
    turn_hue,
)
from zs_dagster.models.clip_training.recipe import Recipe

PLAIN = Recipe(flip=0, colour_jitter=0, greyscale=0)


def noise(frames: int = 3, height: int = 20, width: int = 30) -> np.ndarray:
    shape = (frames, height, width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 1000))
def test_crops_lie_inside_and_have_the_sizes_of_the_list(h: int, w: int, seed: int) -> None:
    top, left, height, width = random_crop(h, w, np.random.default_rng(seed))
    assert 0 <= top <= top + height <= h
    assert 0 <= left <= left + width <= w
    sizes = [max(1, round(min(h, w) * scale)) for scale in SCALES]
    assert {height, width} <= set(sizes)


def test_width_and_height_are_at_most_a_step_apart_and_all_sizes_come() -> None:
    rng = np.random.default_rng(1)
    pairs = {random_crop(1000, 2000, rng)[2:] for _ in range(500)}
    sides = [round(1000 * scale) for scale in SCALES]
    assert pairs == {(a, b) for i, a in enumerate(sides) for b in sides[max(0, i - 1) : i + 2]}


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_a_view_is_one_change_for_all_frames(seed: int) -> None:
    frames = np.repeat(noise(1), 3, axis=0)
    view = training_view(frames, 8, Recipe(), np.random.default_rng(seed))
    assert view.shape == (3, 3, 8, 8)
    assert view.min() >= 0
    assert view.max() <= 1
    assert torch.equal(view[0], view[1])
    assert torch.equal(view, training_view(frames, 8, Recipe(), np.random.default_rng(seed)))


def test_a_flip_mirrors() -> None:
    always = Recipe(flip=1, colour_jitter=0, greyscale=0)
    plain, flipped = (
        training_view(noise(), 8, recipe, np.random.default_rng(5))
        for recipe in (PLAIN, always)
    )
    assert torch.equal(plain.flip(-1), flipped)
    assert not torch.equal(plain, flipped)


def test_grey_has_no_colour() -> None:
    recipe = Recipe(flip=0, colour_jitter=0, greyscale=1)
    view = training_view(noise(), 8, recipe, np.random.default_rng(5))
    assert torch.equal(view[:, 0], view[:, 1])
    assert torch.equal(view[:, 0], view[:, 2])


def test_a_plain_view_of_one_colour_keeps_it() -> None:
    frames = np.full((2, 20, 30, 3), (255, 51, 0), dtype=np.uint8)
    view = training_view(frames, 8, PLAIN, np.random.default_rng(0))
    expected = torch.tensor([1, 0.2, 0]).view(1, 3, 1, 1).expand(2, 3, 8, 8)
    torch.testing.assert_close(view, expected)


@given(st.floats(-0.5, 0.5))
def test_hue_keeps_grey_and_luma_and_turns_back(turns: float) -> None:
    images = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    turned = turn_hue(images, turns)
    torch.testing.assert_close(turn_hue(turned, -turns), images, atol=1e-5, rtol=0)
    grey = images[:, :1].expand(1, 3, 2, 2)
    # The published matrix is rounded to three digits.
    torch.testing.assert_close(turn_hue(grey, turns), grey, atol=5e-3, rtol=0)


def test_colours_do_change() -> None:
    images = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    changed = [jitter_colours(images, np.random.default_rng(seed)) for seed in range(3)]
    assert not torch.allclose(changed[0], changed[1])
    assert all(image.min() >= 0 and image.max() <= 1 for image in changed)
    assert (changed[2] - images).abs().mean() == pytest.approx(0.15, abs=0.15)
