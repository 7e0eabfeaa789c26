"""From scores to probabilities, answers and refusals."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.classification.decisions import (
    KNOWN_RULES,
    against_negative,
    background_z_scores,
    clip_probabilities,
    known_scores,
    siglip_probabilities,
    top_classes,
)
from zs_dagster.classification.softmax import entropy, softmax
from zs_dagster.errors import InputError

SCORES = st.lists(st.floats(-1, 1), min_size=2, max_size=6).map(np.array)
SCALES = st.floats(0.1, 120)


def test_by_hand() -> None:
    # ln 3 apart: three to one.
    apart = np.array([np.log(3), 0.0])
    np.testing.assert_allclose(clip_probabilities(apart, 1.0), [0.75, 0.25])
    np.testing.assert_allclose(clip_probabilities(apart, 2.0, temperature=2.0), [0.75, 0.25])
    np.testing.assert_allclose(siglip_probabilities(apart, 1.0, 0.0), [0.75, 0.5])
    np.testing.assert_allclose(siglip_probabilities(apart, 1.0, -np.log(3)), [0.5, 0.25])
    np.testing.assert_allclose(against_negative(apart, np.array([0.0]), 1.0), [0.75, 0.5])
    np.testing.assert_allclose(
        background_z_scores(np.array([5.0, 1.0]), np.array([0.0, 1.0, 2.0])), [4.0, 0.0]
    )


@given(SCORES, SCALES, st.floats(-3, 3))
def test_a_shift_changes_no_probability(scores: np.ndarray, scale: float, by: float) -> None:
    found = clip_probabilities(scores + by, scale)
    np.testing.assert_allclose(found, clip_probabilities(scores, scale), atol=1e-9)
    assert found.sum() == pytest.approx(1)


@given(SCORES, SCALES, st.floats(1.01, 50))
def test_heat_spreads_probability_and_keeps_the_best(
    scores: np.ndarray, scale: float, heat: float
) -> None:
    cold = clip_probabilities(scores, scale)
    hot = clip_probabilities(scores, scale, temperature=heat)
    assert hot[scores.argmax()] == hot.max()
    floor = np.finfo(np.float64).tiny
    # A logarithm undoes the softmax; what has underflowed has no share in the entropy.
    spread = np.diff([entropy(np.log(np.maximum(p, floor))) for p in (cold, hot)])
    assert spread >= -1e-9


@given(SCORES)
def test_without_scale_all_classes_are_alike(scores: np.ndarray) -> None:
    np.testing.assert_allclose(clip_probabilities(scores, 1e-9), 1 / scores.size, atol=1e-8)


@given(SCORES, SCALES, st.floats(-20, 20))
def test_siglip_and_clip_rank_alike(scores: np.ndarray, scale: float, bias: float) -> None:
    found = siglip_probabilities(scores, scale, bias)
    assert ((found >= 0) & (found <= 1)).all()
    # Monotone: where scores rise, neither falls.
    order = np.argsort(scores)
    assert (np.diff(found[order]) >= 0).all()
    assert (np.diff(softmax(scale * scores)[order]) >= 0).all()


@given(SCORES, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_accepts_a_part_of_the_classes(
    scores: np.ndarray, first: float, second: float
) -> None:
    found = siglip_probabilities(scores, 10.0, -2.0)
    low, high = sorted([first, second])
    assert ((found >= high) <= (found >= low)).all()


def test_huge_logits_do_not_overflow() -> None:
    with np.errstate(over="raise", invalid="raise"):
        found = siglip_probabilities(np.array([-1.0, 1.0]), 1e6, 0.0)
        np.testing.assert_array_equal(clip_probabilities(np.array([0.0, 1e6]), 1e3), [0, 1])
    np.testing.assert_array_equal(found, [0, 1])


def test_equal_classes_come_by_index_and_fp64_decides_nothing() -> None:
    scores = np.array([[0.2, 0.3, 0.3 + 1e-12, 0.1], [0.5, 0.5, 0.5, 0.5]])
    np.testing.assert_array_equal(top_classes(scores, 3), [[1, 2, 0], [0, 1, 2]])
    assert top_classes(scores, 9).shape == (2, 4)
    every_other = top_classes(np.arange(400) % 2, 400)
    np.testing.assert_array_equal(every_other, [*range(1, 400, 2), *range(0, 400, 2)])
    with pytest.raises(InputError, match="k must be a whole number >= 1, got 0"):
        top_classes(scores, 0)


def test_what_is_known_by_hand() -> None:
    scores = np.array([[np.log(6), np.log(3), 0.0]])
    np.testing.assert_allclose(known_scores(scores, 1.0, "max_probability"), [0.6])
    np.testing.assert_allclose(known_scores(scores, 1.0, "margin"), [0.3])
    np.testing.assert_allclose(known_scores(scores, 1.0, "energy"), [np.log(10)])


@pytest.mark.parametrize("rule", KNOWN_RULES)
def test_a_clear_video_is_more_known_than_an_unclear_one(rule: str) -> None:
    clear, unclear = known_scores(np.array([[0.3, 0.1, 0.1], [0.1, 0.1, 0.1]]), 100.0, rule)
    assert clear > unclear


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda x: clip_probabilities(x, 0.0), "scale must be a finite number > 0, got 0.0"),
        (
            lambda x: clip_probabilities(x, 1.0, temperature=-1.0),
            "temperature must be a finite number > 0, got -1.0",
        ),
        (lambda x: siglip_probabilities(x, 1.0, np.nan), "bias must be a finite number"),
        (
            lambda x: against_negative(x, x, np.inf),
            "scale must be a finite number > 0, got inf",
        ),
        (lambda x: background_z_scores(x, x[:1]), "background scores must be >= 2, got 1"),
        (lambda x: background_z_scores(x, x * 0), "background scores must differ"),
        (lambda x: known_scores(x, 1.0, "mean"), "rule must be one of max_probability, "),
        (lambda x: known_scores(x[:1], 1.0, "margin"), "margin compares two classes, got one"),
    ],
)
def test_bad_parameters_are_refused(
    call: Callable[[np.ndarray], np.ndarray], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        call(np.array([0.1, 0.2]))
