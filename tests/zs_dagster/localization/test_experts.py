"""The product of experts: by hand, then what each expert forbids."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.localization.experts import (
    ExpertsParameters,
    between,
    localize_by_experts,
    log_yes,
)
from zs_dagster.localization.scoring import mean_around, mean_inside, soft_minimum_inside

if TYPE_CHECKING:
    from tests.zs_dagster.localization.conftest import MakeScores

BOUNDARIES = ExpertsParameters(inside_weight=0, outside_weight=0)
columns = st.lists(st.floats(-3, 3), min_size=2, max_size=20).map(np.array)


def test_one_pair_by_hand(make_scores: "MakeScores") -> None:
    scores = make_scores([0, 0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0.25, 0])
    found = localize_by_experts(scores, BOUNDARIES)
    assert found.samples.tolist() == [[1, 4]]
    # Half a sample before the start, half a sample after the end.
    assert (found.segments.start_s.tolist(), found.segments.end_s.tolist()) == ([0.5], [4.5])
    odds = 0.5 * 0.25 * 0.999**2  # Nothing is surer than 0.999.
    np.testing.assert_allclose(found.segments.score, odds / (1 + odds))


def test_a_peak_with_company_reaches_further(make_scores: "MakeScores") -> None:
    # Before the start peak at 2, 0.5 at 1 is half of it: (1 sample) / 2 + 1/4.
    scores = make_scores([0, 0.5, 1, 0, 0, 0], [0, 0, 0, 1, 0.5, 0])
    found = localize_by_experts(scores, BOUNDARIES).segments
    assert (found.start_s.tolist(), found.end_s.tolist()) == ([1.25], [3.75])


def test_boundaries_stay_inside_the_video(make_scores: "MakeScores") -> None:
    found = localize_by_experts(make_scores([1, 0.2], [0.1, 1]), BOUNDARIES).segments
    assert (found.start_s.tolist(), found.end_s.tolist()) == ([0.0], [1.5])


def test_boundaries_follow_the_times_of_the_samples(make_scores: "MakeScores") -> None:
    scores = make_scores([0, 0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0.25, 0])
    stretched = replace(scores, time_s=scores.time_s * 3 + 1, end_s=19.0)
    found = localize_by_experts(stretched, BOUNDARIES).segments
    assert (found.start_s.tolist(), found.end_s.tolist()) == ([2.5], [14.5])


def test_an_end_that_is_also_a_start_is_a_poor_end(make_scores: "MakeScores") -> None:
    plain = make_scores([0.9, 0, 0, 0], [0, 0, 0, 0.9])
    doubtful = make_scores([0.9, 0, 0, 0.5], [0, 0, 0, 0.9])
    best = [localize_by_experts(s, BOUNDARIES).segments.score[0] for s in (plain, doubtful)]
    assert best[1] < best[0]
    ignored = replace(BOUNDARIES, contrast_weight=0)
    same = [localize_by_experts(s, ignored).segments.score[0] for s in (plain, doubtful)]
    assert same[0] == same[1]


def test_the_nearest_start_and_end_belong_together(make_scores: "MakeScores") -> None:
    scores = make_scores([0.9, 0, 0, 0.9, 0, 0], [0, 0, 0.9, 0, 0, 0.9])
    found = localize_by_experts(scores, BOUNDARIES)
    assert found.samples[:2].tolist() == [[0, 2], [3, 5]]
    assert found.segments.score[2:].max(initial=0) < 0.1


def test_between_by_hand() -> None:
    start, end = np.array([0.9, 0, 0.5, 0, 0.0]), np.array([0, 0.2, 0, 0, 0.9])
    starts, ends = np.array([0, 2]), np.array([1, 4])
    samples = np.array([[0, 4], [0, 1], [2, 4]])
    found = between(start, end, starts, ends, samples)
    np.testing.assert_allclose(found, [np.log(0.8 * 0.5), 0, 0], atol=1e-12)


def test_actionness_inside_counts_for_and_around_against(make_scores: "MakeScores") -> None:
    start, end = [0, 0.9, 0, 0, 0, 0], [0, 0, 0, 0, 0.9, 0]
    inside = make_scores(start, end, [0, 1, 1, 1, 1, 0])
    around = make_scores(start, end, [1, 0, 0, 0, 0, 1])
    usual = ExpertsParameters()
    flat = localize_by_experts(make_scores(start, end), usual).segments.score[0]
    assert localize_by_experts(inside, usual).segments.score[0] > flat
    assert localize_by_experts(around, usual).segments.score[0] < flat


@pytest.mark.parametrize("scale", [0.01, 0.5])
def test_the_range_of_the_cosines_does_not_matter(
    make_scores: "MakeScores", scale: float
) -> None:
    start, end = [0, 0.9, 0, 0, 0, 0], [0, 0, 0, 0, 0.9, 0]
    curve = np.array([0.1, 1, 0.4, 0.9, 0.8, 0.3])
    scores = [make_scores(start, end, c) for c in (curve, 0.2 + scale * curve)]
    one, other = (localize_by_experts(s, ExpertsParameters()).segments.score for s in scores)
    np.testing.assert_allclose(one, other)


def test_what_is_too_low_is_told(make_scores: "MakeScores") -> None:
    scores = make_scores([0.9, 0, 0], [0, 0, 0.9])
    high = replace(BOUNDARIES, min_score=0.9)
    found = localize_by_experts(scores, high)
    assert found.reason == "all 1 proposals score below min_score=0.9, the best 0.447"
    assert localize_by_experts(make_scores([0, 0, 0.9], [0.9, 0, 0]), BOUNDARIES).reason == (
        "no start is followed by an end"
    )


@settings(deadline=None)
@given(columns, st.floats(0.1, 20))
def test_the_soft_minimum_lies_between_minimum_and_mean(column: np.ndarray, k: float) -> None:
    samples = np.array([[0, column.size - 1], [0, 0], [1, column.size - 1]])
    soft = soft_minimum_inside(column, samples, k)
    low = [column[first : last + 1].min() for first, last in samples]
    assert (soft >= np.array(low) - 1e-9).all()
    assert (soft <= mean_inside(column, samples) + 1e-9).all()


def test_mean_around_by_hand() -> None:
    values = np.array([8.0, 1, 2, 3, 4, 5, 9, 7])
    samples = np.array([[2, 5], [0, 1], [0, 7]])
    # A quarter of 4 is one sample a side; of 2, at least one; nothing is around the whole.
    np.testing.assert_allclose(mean_around(values, samples, 0.25), [(1 + 9) / 2, 2, 1])


def test_no_answer_is_certain() -> None:
    assert np.isfinite(log_yes(np.array([0.0, 1.0]))).all()
