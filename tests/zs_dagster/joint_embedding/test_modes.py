"""Frames, objects or both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.modes import MODES, video_embedding
from zs_dagster.joint_embedding.scoring import class_scores

VISUAL, OBJECTS = np.array([[3.0, 0.0]]), np.array([[0.0, 10.0]])


def test_by_hand() -> None:
    both = video_embedding("visual_object", VISUAL, OBJECTS)
    np.testing.assert_allclose(both, [[0.8, 0.2]])
    published = video_embedding("visual_object", VISUAL, OBJECTS, mix_normalise=False)
    np.testing.assert_allclose(published, [[2.4, 2.0]])
    np.testing.assert_array_equal(video_embedding("visual", VISUAL), VISUAL)
    np.testing.assert_array_equal(video_embedding("object", VISUAL, OBJECTS), OBJECTS)


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.booleans())
def test_all_weight_on_one_is_that_mode(seed: int, mix_normalise: bool) -> None:
    rng = np.random.default_rng(seed)
    visual, objects = rng.normal(size=(2, 7, 4))
    prototypes, owner = rng.normal(size=(5, 4)), np.arange(5)
    for weights, mode in (((1, 0), "visual"), ((0, 1), "object")):
        mixed = video_embedding(
            "visual_object", visual, objects, weights=weights, mix_normalise=mix_normalise
        )
        alone = video_embedding(mode, visual, objects)
        np.testing.assert_allclose(
            class_scores(mixed, prototypes, owner, 5),
            class_scores(alone, prototypes, owner, 5),
            atol=1e-12,
        )


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0.01, 100))
def test_lengths_matter_only_as_published(seed: int, scale: float) -> None:
    visual, objects = np.random.default_rng(seed).normal(size=(2, 3, 4))
    ours = [video_embedding("visual_object", s * visual, objects) for s in (1, scale)]
    np.testing.assert_allclose(ours[0], ours[1], atol=1e-12)


@pytest.mark.parametrize("mode", MODES[1:])
def test_objects_are_needed(mode: str) -> None:
    with pytest.raises(
        InputError, match=rf"'{mode}' needs objects of shape \(1, 2\), got None"
    ):
        video_embedding(mode, VISUAL)
    with pytest.raises(InputError, match=r"got \(2, 2\)"):
        video_embedding(mode, VISUAL, np.ones((2, 2)))


@pytest.mark.parametrize("weights", [(0.0, 0.0), (-1.0, 2.0), (np.nan, 1.0), (np.inf, 1.0)])
def test_weights_that_are_none_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="weights must be finite, >= 0 and not both 0, got"):
        video_embedding("visual_object", VISUAL, OBJECTS, weights=weights)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InputError, match="one of visual, object, visual_object, got 'both'"):
        video_embedding("both", VISUAL)
