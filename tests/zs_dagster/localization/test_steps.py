"""Normalise, candidates, pairing, scoring: by hand, then properties."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.localization.candidates import spread_out, top_samples
from zs_dagster.localization.normalise import normalise
from zs_dagster.localization.pairing import pair
from zs_dagster.localization.scoring import mean_inside, score_pairs

columns = st.lists(st.integers(0, 64).map(lambda n: n / 64), min_size=1, max_size=40).map(
    lambda values: np.array(values, dtype=np.float64)
)
sample_sets = st.sets(st.integers(0, 40), max_size=15).map(
    lambda values: np.array(sorted(values), dtype=np.intp)
)


def test_normalise_maps_the_extremes_to_the_margins() -> None:
    # (0.4 - 0.2) / (0.6 - 0.2) = 1/2, and 1/2 * (1 - 2 * 0.05) + 0.05 = 1/2.
    values = normalise(np.array([0.2, 0.4, 0.6]), 0.05)
    assert values is not None
    np.testing.assert_allclose(values, [0.05, 0.5, 0.95], rtol=1e-12)


def test_normalise_refuses_to_invent_information() -> None:
    assert normalise(np.array([0.3, 0.3]), 0.05) is None
    assert normalise(np.array([0.3]), 0.05) is None


@settings(deadline=None)
@given(columns)
def test_normalise_keeps_the_order(column: np.ndarray) -> None:
    values = normalise(column, 0.05)
    if values is not None:
        assert (np.diff(values[np.argsort(column)]) >= 0).all()
        assert values.min() == 0.05
        assert values.max() == pytest.approx(0.95)


def test_top_samples_takes_all_that_equal_the_last_one() -> None:
    assert top_samples(np.array([0.5, 0.9, 0.5, 0.1]), 2).tolist() == [0, 1, 2]
    assert top_samples(np.array([0.5, 0.9, 0.5, 0.1]), 1).tolist() == [1]


def spread(column: list[float], gap: float, *, is_later_first: bool = False) -> list[int]:
    values = np.array(column)
    everything = np.arange(values.size)
    position = everything.astype(np.float64)
    kept = spread_out(everything, values, position, gap, is_later_first=is_later_first)
    return [int(sample) for sample in kept]


def test_a_better_sample_blocks_its_neighbours_only() -> None:
    # 3 is best and blocks 2 and 4; 1 is next and blocks 0; 5 is two away from 3 and stays.
    assert spread([0.1, 0.7, 0.8, 0.9, 0.6, 0.5], 2) == [1, 3, 5]


def test_a_blocked_sample_blocks_nobody() -> None:
    assert spread([0.9, 0.8, 0.7], 2) == [0, 2]


def test_of_equal_neighbours_the_variant_decides() -> None:
    assert spread([0.5, 0.5, 0.5, 0.5], 3) == [0, 3]
    assert spread([0.5, 0.5, 0.5, 0.5, 0.5], 3) == [0, 3]
    assert spread([0.5, 0.5, 0.5, 0.5, 0.5], 3, is_later_first=True) == [1, 4]


def test_the_gap_may_be_in_seconds() -> None:
    column, times = np.array([0.9, 0.8, 0.7]), np.array([0.1, 0.3, 0.7])
    kept = spread_out(np.arange(3), column, times, 0.4, is_later_first=False)
    assert kept.tolist() == [0, 2]
    kept = spread_out(np.arange(3), column, times, 0.2, is_later_first=False)
    assert kept.tolist() == [0, 1, 2]  # 0.3 - 0.1 is 0.19999999999999998


@settings(deadline=None)
@given(columns, st.integers(1, 8), st.booleans())
def test_kept_samples_are_apart_and_every_other_has_a_better_one_near(
    column: np.ndarray, gap: int, is_later_first: bool
) -> None:
    kept = spread(column.tolist(), gap, is_later_first=is_later_first)
    assert all(b - a >= gap for a, b in pairwise(kept))
    for sample in set(range(column.size)) - set(kept):
        near = [k for k in kept if abs(k - sample) < gap]
        assert any(column[k] >= column[sample] for k in near)


def pairs(starts: list[int], ends: list[int], max_length: int = 100) -> list[list[int]]:
    found = pair(np.array(starts, dtype=np.intp), np.array(ends, dtype=np.intp), max_length)
    return [[int(first), int(last)] for first, last in found]


def test_only_the_first_end_beyond_the_next_start_is_a_partner() -> None:
    # Start 0: end 3, and 12 as the first beyond start 10. Start 10 is the last: all later.
    assert pairs([0, 10], [3, 12, 15, 20]) == [[0, 3], [0, 12], [10, 12], [10, 15], [10, 20]]


def test_an_end_on_the_next_start_is_not_beyond_it() -> None:
    assert pairs([0, 10], [10, 12, 15]) == [[0, 10], [0, 12], [10, 12], [10, 15]]


def test_an_end_that_is_too_far_still_stops_the_search() -> None:
    assert pairs([0, 10], [12, 15], max_length=11) == [[10, 12], [10, 15]]


def test_an_action_takes_more_than_one_sample() -> None:
    assert pairs([4], [4, 5]) == [[4, 5]]
    assert pairs([4], [2]) == []
    assert pairs([4], []) == []


@settings(deadline=None)
@given(sample_sets.filter(lambda s: s.size > 0), sample_sets, st.integers(0, 45))
def test_pairing_equals_its_definition(
    starts: np.ndarray, ends: np.ndarray, max_length: int
) -> None:
    expected = []
    for i, start in enumerate(starts):
        for j, end in enumerate(ends):
            beyond = [e for e in ends[:j] if i + 1 < len(starts) and e > starts[i + 1]]
            if start < end <= start + max_length and not beyond:
                expected.append([start, end])
    assert pairs(starts.tolist(), ends.tolist(), max_length) == expected


def test_the_score_weighs_boundaries_against_the_mean_inside() -> None:
    # 0.1 * (0.9 + 0.8) + 0.9 * (0.2 + 0.4) / 2 = 0.17 + 0.27
    start, end = np.array([0.9, 0.0, 0.0]), np.array([0.0, 0.8, 0.0])
    actionness = np.array([0.2, 0.4, 0.9])
    score = score_pairs(start, end, actionness, np.array([[0, 1]]), 0.1)
    np.testing.assert_allclose(score, [0.44], rtol=1e-12)


@settings(deadline=None)
@given(columns, st.data())
def test_prefix_sums_equal_the_mean(column: np.ndarray, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, column.size - 1))
    last = data.draw(st.integers(first, column.size - 1))
    mean = mean_inside(column, np.array([[first, last]]))[0]
    assert mean == sum(column[first : last + 1].tolist()) / (last + 1 - first)


def test_sums_of_float32_values_are_exact() -> None:
    values = np.random.default_rng(0).uniform(0.1, 0.4, 5000).astype(np.float32)
    mean = mean_inside(values.astype(np.float64), np.array([[4990, 4999]]))[0]
    assert mean == sum(values[4990:].tolist()) / 10
