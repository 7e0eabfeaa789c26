"""Thresholds chosen on labelled videos."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.classification.thresholds import (
    Threshold,
    best_f1_threshold,
    precision_threshold,
)
from zs_dagster.errors import InputError

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
RIGHT = np.array([True, False, True, True, False])
CASES = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12).filter(
    lambda rows: any(is_right for _, is_right in rows)
)


def test_by_hand() -> None:
    # Accepting four: three of four right, all three found.
    assert best_f1_threshold(SCORES, RIGHT) == Threshold(0.6, 0.75, 1.0, 6 / 7)
    assert precision_threshold(SCORES, RIGHT, 0.7) == Threshold(0.6, 0.75, 1.0, 6 / 7)
    assert precision_threshold(SCORES, RIGHT, 1.0) == Threshold(0.9, 1.0, 1 / 3, 0.5)


@given(CASES)
def test_no_other_threshold_has_a_better_f1(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in rows], dtype=np.float64)
    right = np.array([is_right for _, is_right in rows])

    def f1(theta: float) -> float:
        accepted = scores >= theta
        return float(2 * (accepted & right).sum() / (accepted.sum() + right.sum()))

    found = best_f1_threshold(scores, right)
    assert found.f1 == pytest.approx(f1(found.value))
    assert found.f1 == pytest.approx(max(f1(theta) for theta in range(7)))
    accepted = scores >= found.value
    assert found.precision == pytest.approx((accepted & right).sum() / accepted.sum())
    assert found.recall == pytest.approx((accepted & right).sum() / right.sum())


@given(CASES, st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_a_target_is_met_with_the_greatest_recall(
    rows: list[tuple[int, bool]], target: float
) -> None:
    scores = np.array([score for score, _ in rows], dtype=np.float64)
    right = np.array([is_right for _, is_right in rows])
    reached = [
        (scores >= theta)[right].mean()
        for theta in set(scores.tolist())
        if right[scores >= theta].mean() >= target
    ]
    if not reached:
        with pytest.raises(
            InputError, match=rf"precision {target:g} is out of reach, the best"
        ):
            precision_threshold(scores, right, target)
        return
    found = precision_threshold(scores, right, target)
    assert found.precision >= target
    assert found.recall == pytest.approx(max(reached))


def test_videos_and_classes_count_together() -> None:
    flat = best_f1_threshold(SCORES[:4], RIGHT[:4])
    assert best_f1_threshold(SCORES[:4].reshape(2, 2), RIGHT[:4].reshape(2, 2)) == flat


@pytest.mark.parametrize(
    ("scores", "right"),
    [(SCORES[:2], RIGHT), (SCORES * np.nan, RIGHT), (SCORES, RIGHT & False)],
)
def test_calibration_data_without_answers_is_refused(
    scores: np.ndarray, right: np.ndarray
) -> None:
    with pytest.raises(
        InputError, match="a threshold needs finite scores, a truth of the same"
    ):
        best_f1_threshold(scores, right)


def test_a_precision_is_a_share() -> None:
    with pytest.raises(InputError, match=r"precision must lie in \(0, 1\], got 90"):
        precision_threshold(SCORES, RIGHT, 90)
