"""Pixels: where a thing is, there is its colour, and nowhere else."""

import numpy as np
import pytest

from zs_dagster.demo.drawing import (
    COLOUR_DISTANCE,
    COLOUR_JITTER,
    DISTANCES,
    random_background,
    random_rgb,
    render,
)
from zs_dagster.demo.world import COLOURS, SHAPES, UNNAMED, Thing

SIZE = 100
BLACK = np.zeros((SIZE, SIZE, 3), np.float32)
SILENCE = np.zeros((SIZE, SIZE, 1), np.float32)


def ball(alpha: float = 1.0, shape: str = "ball") -> Thing:
    return Thing("red", shape, 0.3, 0.6, 0.2, (200, 100, 50), alpha=alpha)


def test_a_ball_covers_the_area_of_a_disc() -> None:
    image = render(BLACK, [ball()], SILENCE)
    assert image[60, 30].tolist() == [200, 100, 50]
    assert image[60, 55].tolist() == [0, 0, 0]
    # Radius 20 pixels; half-covered edge pixels average out.
    assert image[..., 0].sum() / 200 == pytest.approx(np.pi * 20**2, rel=0.01)


def test_alpha_mixes_with_what_is_behind() -> None:
    assert render(BLACK, [ball(alpha=0.5)], SILENCE)[60, 30].tolist() == [100, 50, 25]


def test_later_things_are_in_front() -> None:
    front = Thing("blue", "square", 0.3, 0.6, 0.1, (0, 0, 250))
    assert render(BLACK, [ball(), front], SILENCE)[60, 30].tolist() == [0, 0, 250]
    assert render(BLACK, [front, ball()], SILENCE)[60, 30].tolist() == [200, 100, 50]


@pytest.mark.parametrize("shape", [*SHAPES, UNNAMED])
def test_every_shape_looks_different_from_every_other_one(shape: str) -> None:
    image = render(BLACK, [ball(shape=shape)], SILENCE).astype(int)
    for other in set(DISTANCES) - {shape}:
        difference = image - render(BLACK, [ball(shape=other)], SILENCE)
        assert (np.abs(difference[..., 0]) > 100).sum() > 150, other


@pytest.mark.parametrize("place", [(-0.1, 0.5), (0.5, 1.1), (2.0, 2.0)])
def test_a_thing_may_leave_the_frame(place: tuple[float, float]) -> None:
    image = render(BLACK, [Thing("red", "ball", *place, 0.2, (200, 0, 0))], SILENCE)
    assert image.shape == (SIZE, SIZE, 3)


def test_shades_stay_near_their_name_and_nameless_ones_far_from_all() -> None:
    rng = np.random.default_rng(0)
    named = np.array(list(COLOURS.values()))
    for colour, centre in COLOURS.items():
        assert np.abs(np.subtract(random_rgb(rng, colour), centre)).max() <= COLOUR_JITTER
    for _ in range(200):
        shade = random_rgb(rng, UNNAMED)
        assert np.linalg.norm(named - shade, axis=1).min() > COLOUR_DISTANCE


def test_backgrounds_are_dark_and_differ() -> None:
    rng = np.random.default_rng(0)
    first, second = (random_background(rng, 32) for _ in range(2))
    assert first.shape == (32, 32, 3)
    assert max(first.max(), second.max()) < 160
    assert not np.array_equal(first, second)
