"""The baseline that knows nothing: reproducible, independent, uniform."""

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.localization.random_scores import random_scores
from zs_dagster.localization.zeal import localize


def draw(seed: int = 0, video_id: str = "a", label: str = "run", count: int = 50) -> np.ndarray:
    confidence, actionness = random_scores(count, seed=seed, video_id=video_id, label=label)
    assert confidence.shape == (count, 2)
    assert actionness.shape == (count,)
    return np.column_stack([confidence, actionness])


def test_the_same_arguments_draw_the_same_scores() -> None:
    np.testing.assert_array_equal(draw(), draw())


def test_every_argument_matters() -> None:
    others = [
        draw(seed=1),
        draw(video_id="b"),
        draw(label="jump"),
        draw(video_id="ar", label="un"),
    ]
    assert all(not np.array_equal(draw(), other) for other in others)


def test_the_scores_are_uniform() -> None:
    scores = draw(count=20_000)
    assert scores.min() >= 0
    assert scores.max() < 1
    np.testing.assert_allclose(scores.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(scores.T), np.eye(3), atol=0.05)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_localizers_read_them(count: int) -> None:
    confidence, actionness = random_scores(count, seed=0, video_id="a", label="run")
    found = localize(confidence, actionness, np.arange(count), count)
    assert (len(found) > 0) == (count == 40)


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (3, -1)])
def test_negative_numbers_are_refused(count: int, seed: int) -> None:
    with pytest.raises(
        InputError, match=r"num_samples and seed must be >= 0, got num_samples="
    ):
        random_scores(count, seed=seed, video_id="a", label="run")
