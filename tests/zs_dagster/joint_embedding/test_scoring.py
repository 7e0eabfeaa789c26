"""Nearest prototypes: by hand, ties, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.scoring import class_scores, nearest_classes, probabilities

SEEDS = st.integers(0, 2**31)


def circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_the_best_prototype_of_each_class_counts() -> None:
    scores = class_scores(circle(0), circle(90, 60, 180, 30), np.array([1, 0, 1, 2]), 3)
    np.testing.assert_allclose(scores, [[0.5, 0, 3**0.5 / 2]], atol=1e-12)


@settings(max_examples=30)
@given(SEEDS, st.floats(0.01, 100), st.floats(0.01, 100))
def test_one_nearest_of_one_prototype_each_is_the_highest_cosine(
    seed: int, a: float, b: float
) -> None:
    rng = np.random.default_rng(seed)
    video, prototypes = rng.normal(size=(9, 5)), rng.normal(size=(6, 5))
    owner = rng.permutation(6)
    nearest = nearest_classes(video, prototypes, owner)
    cosine = video @ prototypes.T / np.linalg.norm(prototypes, axis=1)
    np.testing.assert_array_equal(nearest, owner[cosine.argmax(axis=1)])
    scores = class_scores(video, prototypes, owner, 6)
    np.testing.assert_array_equal(nearest, scores.argmax(axis=1))
    np.testing.assert_array_equal(nearest_classes(a * video, b * prototypes, owner), nearest)


@settings(max_examples=30)
@given(SEEDS, st.integers(0, 7))
def test_a_prototype_given_twice_changes_nothing_for_one_nearest(seed: int, twice: int) -> None:
    rng = np.random.default_rng(seed)
    video, prototypes = rng.normal(size=(9, 5)), rng.normal(size=(8, 5))
    owner = np.arange(8) // 2
    more, owners = np.vstack([prototypes, prototypes[twice]]), np.append(owner, owner[twice])
    np.testing.assert_array_equal(
        nearest_classes(video, more, owners), nearest_classes(video, prototypes, owner)
    )
    np.testing.assert_allclose(
        class_scores(video, more, owners, 4),
        class_scores(video, prototypes, owner, 4),
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (1, 1),  # the nearest, at 5 degrees
        (2, 1),  # one vote each, class 1 is nearer
        (3, 0),  # two of class 0
        (4, 0),  # two each: mean of 10 and 20 degrees is nearer than that of 5 and 80
        (5, 0),
        (99, 0),
    ],
)
def test_votes_by_hand(k: int, expected: int) -> None:
    prototypes, owner = circle(20, -5, 10, 80, 150), np.array([0, 1, 0, 1, 2])
    assert nearest_classes(circle(0), prototypes, owner, k).tolist() == [expected]


def test_a_tie_goes_to_the_smaller_mean_distance_not_to_the_lower_class() -> None:
    prototypes, owner = circle(20, 10), np.array([0, 1])
    assert nearest_classes(circle(0), prototypes, owner, 2).tolist() == [1]
    same = circle(10, 10)
    assert nearest_classes(circle(0), same, np.array([1, 0]), 2).tolist() == [0]


def test_probabilities_by_hand() -> None:
    scores = np.array([[0.0, 0.07 * np.log(3)]])
    np.testing.assert_allclose(probabilities(scores), [[0.25, 0.75]])
    np.testing.assert_allclose(probabilities(np.array([1e6, 0])), [1, 0])
    np.testing.assert_allclose(probabilities(np.array([1.0, 1.0]), 0.5), [0.5, 0.5])


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    with pytest.raises(InputError, match="temperature must be a finite number > 0, got"):
        probabilities(np.ones(2), temperature)


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ([0, 2], "1 of 3 have none, such as class 1"),
        ([0, 3], "must belong to one of 3 classes"),
        ([-1, 0], "must belong to one of 3 classes"),
        ([0], r"each of 2 prototypes, .* got owners of shape \(1,\)"),
    ],
)
def test_owners_that_do_not_fit_are_refused(owner: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        class_scores(circle(0), circle(0, 1), np.array(owner), 3)


def test_no_prototypes_and_no_votes_are_refused() -> None:
    with pytest.raises(InputError, match="each of 0 prototypes, at least one"):
        nearest_classes(circle(0), np.zeros((0, 2)), np.zeros(0, np.int64))
    with pytest.raises(InputError, match="k must be >= 1, got 0"):
        nearest_classes(circle(0), circle(0), np.zeros(1, np.int64), 0)


def test_no_videos_have_no_scores() -> None:
    owner = np.arange(2)
    assert class_scores(np.zeros((0, 2)), circle(0, 1), owner, 2).shape == (0, 2)
    assert nearest_classes(np.zeros((0, 2)), circle(0, 1), owner).shape == (0,)
