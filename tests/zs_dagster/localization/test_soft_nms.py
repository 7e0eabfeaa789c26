"""Soft-NMS, both variants: by hand, then properties and identities."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.localization.soft_nms import soft_nms, soft_nms_sorted_once
from zs_dagster.segments import Segments, tiou

times = st.integers(0, 1_000_000).map(lambda milliseconds: milliseconds / 1000)
rows = st.tuples(times, times, st.floats(0.01, 1.0)).map(
    lambda row: (min(row[:2]), max(row[:2]), row[2])
)
candidates = st.lists(rows, max_size=20).map(Segments.from_rows)


def test_overlap_of_one_third_decays_by_exp_minus_two_ninths() -> None:
    # tIoU([0, 10], [5, 15]) = 5 / 15 = 1/3, so the decay is exp(-(1/3)**2 / 0.5).
    segments = Segments.from_rows([(5, 15, 0.8), (0, 10, 1.0)])
    kept, score = soft_nms(segments, sigma=0.5, min_score=0)
    assert kept.tolist() == [1, 0]
    np.testing.assert_allclose(score, [1.0, 0.8 * math.exp(-2 / 9)], rtol=1e-12)


def test_the_best_is_chosen_anew_after_each_decay() -> None:
    # The twin of the first falls to 0.8 * exp(-1/1.3) = 0.37, behind the third, which is
    # only decayed by the first: tIoU([0, 10], [8, 20]) = 2 / 20, 0.7 * exp(-0.01 / 1.3).
    segments = Segments.from_rows([(0, 10, 0.9), (0, 10, 0.8), (8, 20, 0.7)])
    kept, score = soft_nms(segments, sigma=1.3, min_score=0)
    assert kept.tolist() == [0, 2, 1]
    twin = 0.8 * math.exp(-1 / 1.3) * math.exp(-0.01 / 1.3)
    np.testing.assert_allclose(score, [0.9, 0.7 * math.exp(-0.01 / 1.3), twin], rtol=1e-12)


def test_the_paper_visits_in_the_first_order_and_counts_samples() -> None:
    # The same in inclusive samples. The twin is visited second and decays the third as well.
    samples = np.array([[0, 9], [0, 9], [8, 19]])
    kept, score = soft_nms_sorted_once(
        samples, np.array([0.9, 0.8, 0.7]), sigma=1.3, min_score=0
    )
    assert kept.tolist() == [0, 1, 2]
    third = 0.7 * math.exp(-0.01 / 1.3) ** 2
    np.testing.assert_allclose(score, [0.9, 0.8 * math.exp(-1 / 1.3), third], rtol=1e-12)


def test_the_paper_takes_the_later_of_equal_scores_first() -> None:
    kept, _ = soft_nms_sorted_once(
        np.array([[0, 1], [5, 6], [9, 9]]), np.full(3, 0.5), sigma=1.3, min_score=0
    )
    assert kept.tolist() == [2, 1, 0]


def test_who_is_dropped_demotes_nobody() -> None:
    # The second falls to 0.2 * exp(-1/0.5) = 0.03 < 0.1 and must not touch the third.
    samples = np.array([[0, 9], [0, 9], [9, 18]])
    score = np.array([0.9, 0.2, 0.19])
    kept, decayed = soft_nms_sorted_once(samples, score, sigma=0.5, min_score=0.1)
    assert kept.tolist() == [0, 2]
    np.testing.assert_allclose(decayed[1], 0.19 * math.exp(-((1 / 19) ** 2) / 0.5), rtol=1e-12)


@pytest.mark.parametrize("min_score", [0.5, np.nextafter(0.5, 1)])
def test_a_score_of_exactly_the_minimum_stays(min_score: float) -> None:
    expected = 1 if min_score == 0.5 else 0
    kept, _ = soft_nms(Segments.from_rows([(0, 1, 0.5)]), sigma=1, min_score=min_score)
    assert kept.size == expected
    kept, _ = soft_nms_sorted_once(
        np.array([[0, 1]]), np.array([0.5]), sigma=1, min_score=min_score
    )
    assert kept.size == expected


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([], id="empty"),
        pytest.param([(0, 1, 0.9)], id="single"),
        pytest.param([(0, 1, 0.9), (1, 2, 0.8)], id="touching"),
        pytest.param([(0, 1, 0.9), (5, 6, 0.8)], id="apart"),
        pytest.param([(1, 1, 0.9), (1, 1, 0.8)], id="zero length"),
        pytest.param([(0, 1, 0.9), (5, 6, 0.9), (2, 3, 0.9)], id="ties keep their order"),
    ],
)
def test_segments_without_overlap_are_unchanged(
    segments: list[tuple[float, float, float]],
) -> None:
    kept, score = soft_nms(Segments.from_rows(segments), sigma=1.3, min_score=0.1)
    assert kept.tolist() == list(range(len(segments)))
    assert score.tolist() == [row[2] for row in segments]


@settings(deadline=None)
@given(candidates)
def test_scores_never_rise_and_come_out_sorted(segments: Segments) -> None:
    kept, score = soft_nms(segments, sigma=0.5, min_score=0)
    assert sorted(kept.tolist()) == list(range(len(segments)))
    assert (np.diff(score) <= 0).all()
    assert (score <= segments.score[kept]).all()


@settings(deadline=None)
@given(candidates)
def test_a_wide_decay_suppresses_nothing(segments: Segments) -> None:
    kept, score = soft_nms(segments, sigma=1e12, min_score=0)
    np.testing.assert_allclose(score, segments.score[kept], rtol=1e-9)


@settings(deadline=None)
@given(candidates, st.floats(0.05, 0.6))
def test_a_narrow_decay_is_hard_suppression(segments: Segments, min_score: float) -> None:
    kept, score = soft_nms(segments, sigma=1e-15, min_score=min_score)
    np.testing.assert_allclose(score, segments.score[kept])
    for i, row in enumerate(kept.tolist()):
        others = segments.take(kept[:i])
        overlap = tiou(segments.start_s[row], segments.end_s[row], others.start_s, others.end_s)
        assert (overlap == 0).all()


@settings(deadline=None)
@given(candidates, st.sampled_from([0.25, 0.5, 2.0, 1024.0]))
def test_the_unit_of_time_does_not_matter(segments: Segments, scale: float) -> None:
    scaled = Segments(segments.start_s * scale, segments.end_s * scale, segments.score)
    _, here = soft_nms(segments, sigma=0.5, min_score=0)
    _, there = soft_nms(scaled, sigma=0.5, min_score=0)
    np.testing.assert_array_equal(here, there)
