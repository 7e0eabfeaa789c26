"""Several classes a video: mAP, F1, and AUROC of rejection."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.multi_label import F1, auroc, average_precisions, f1

SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and a truth in which every class and its opposite occur."""
    draw = np.random.default_rng(seed)
    truth = draw.random((8, 3)) < 0.4
    truth[0], truth[1] = True, False
    return draw.integers(0, 5, (8, 3)) / 4, truth


def test_by_hand() -> None:
    scores = np.array([[0.9, 0.5], [0.8, 0.5], [0.7, 0.1], [0.6, 0.1]])
    truth = np.array([[1, 1], [0, 0], [1, 0], [0, 0]]) > 0
    # Class 0: hits at ranks 1 and 3. Class 1: its hit comes together with a miss.
    np.testing.assert_allclose(average_precisions(scores, truth), [(1 + 2 / 3) / 2, 0.5])
    # Class 0: 1 right of 2 and 2. Class 1: 0 right of 1 and 1.
    accepted = np.array([[1, 0], [1, 1], [0, 0], [0, 0]]) > 0
    assert f1(accepted, truth) == F1(micro=2 / 6, macro=0.25)
    # Known 3 and 2 against unknown 2 and 1: 3 > both, 2 ties one and beats one.
    assert auroc(np.array([3.0, 2, 2, 1]), np.array([1, 1, 0, 0]) > 0) == 3.5 / 4


@given(SEEDS)
def test_auroc_is_the_share_of_pairs_in_order(seed: int) -> None:
    scores, truth = (column[:, 0] for column in drawn(seed))
    pairs = [
        (known > unknown) + 0.5 * (known == unknown)
        for known in scores[truth]
        for unknown in scores[~truth]
    ]
    assert auroc(scores, truth) == pytest.approx(np.mean(pairs))
    assert auroc(-scores, truth) == pytest.approx(1 - np.mean(pairs))


@given(SEEDS)
def test_only_the_order_of_scores_counts(seed: int) -> None:
    scores, truth = drawn(seed)
    order = np.random.default_rng(seed).permutation(8)
    expected = average_precisions(scores, truth)
    np.testing.assert_allclose(average_precisions(scores[order], truth[order]), expected)
    np.testing.assert_allclose(average_precisions(np.exp(scores), truth), expected)
    assert ((expected > 0) & (expected <= 1)).all()


@given(SEEDS)
def test_the_truth_as_a_prediction_is_perfect(seed: int) -> None:
    _, truth = drawn(seed)
    np.testing.assert_array_equal(average_precisions(1.0 * truth, truth), 1)
    assert f1(truth, truth) == F1(1, 1)
    assert auroc(1.0 * truth[:, 0], truth[:, 0]) == 1


@given(SEEDS)
def test_equal_scores_have_the_precision_of_chance(seed: int) -> None:
    scores, truth = drawn(seed)
    np.testing.assert_allclose(average_precisions(0 * scores, truth), truth.mean(axis=0))
    assert auroc(0 * scores[:, 0], truth[:, 0]) == 0.5


def test_classes_that_no_video_has_are_left_out() -> None:
    scores, truth = drawn(0)
    truth[:, 1] = False
    assert np.isnan(average_precisions(scores, truth)).tolist() == [False, True, False]
    accepted = truth.copy()
    assert f1(accepted, truth).macro == 1
    nothing = f1(truth & False, truth & False)
    assert math.isnan(nothing.micro)
    assert math.isnan(nothing.macro)


@pytest.mark.parametrize(
    ("scores", "known", "rule"),
    [
        ([1.0], [1, 0], r"scores and truth must have one shape and a value, got \(1,\)"),
        ([], [], "must have one shape and a value"),
        ([1.0, math.nan], [1, 0], "scores must be finite, got 1 that are not"),
        ([1.0, 2.0], [1, 1], "AUROC needs known and unknown videos, got 2 known of 2"),
        ([1.0, 2.0], [0, 0], "got 0 known of 2"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    scores: list[float], known: list[int], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        auroc(np.array(scores), np.array(known) > 0)
