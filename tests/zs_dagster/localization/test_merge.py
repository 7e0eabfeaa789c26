"""Merging neighbours: by hand, then properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.localization.merge import merge_neighbours

INDEX = np.arange(64, dtype=np.float64)


def merge(
    samples: list[tuple[int, int]],
    score: list[float],
    merge_tiou: float = 0.9,
    *,
    is_running_mean: bool = False,
    is_half_open: bool = False,
) -> tuple[list[list[int]], list[float]]:
    borders = (INDEX, INDEX + 1 if is_half_open else INDEX)
    merged, means = merge_neighbours(
        np.array(samples, dtype=np.intp).reshape(-1, 2),
        np.array(score),
        borders,
        merge_tiou,
        is_running_mean=is_running_mean,
    )
    return [[int(a), int(b)] for a, b in merged], [float(mean) for mean in means]


def test_twins_become_their_union_with_the_mean_score() -> None:
    # 19 / 20 > 0.9
    assert merge([(1, 20), (0, 20)], [0.25, 0.75]) == ([[0, 20]], [0.5])


def test_an_overlap_of_exactly_the_limit_is_not_enough() -> None:
    assert merge([(0, 9), (0, 10)], [0.5, 0.25])[0] == [[0, 9], [0, 10]]


def test_borders_decide_the_overlap() -> None:
    # Bare indices: 9/10. With the last sample's span: 10/11 > 0.9.
    samples = [(0, 9), (0, 10)]
    assert len(merge(samples, [0.5, 0.25])[0]) == 2
    assert len(merge(samples, [0.5, 0.25], is_half_open=True)[0]) == 1


def test_the_mean_is_of_all_and_the_running_mean_favours_the_last() -> None:
    samples, score = [(0, 40)] * 3, [1.0, 0.5, 0.25]
    assert merge(samples, score)[1] == pytest.approx([1.75 / 3])
    assert merge(samples, score, is_running_mean=True)[1] == [0.5]  # (0.75 + 0.25) / 2


def test_the_next_is_compared_with_the_union() -> None:
    # 38/40, then the union (0, 40) against (2, 40) is 38/40 too; a gap starts a new group.
    samples, score = (
        [(0, 38), (0, 40), (2, 40), (50, 60), (50, 60)],
        [0.5, 0.5, 0.5, 0.25, 0.75],
    )
    assert merge(samples, score) == ([[0, 40], [50, 60]], [0.5, 0.5])


def test_nothing_stays_nothing() -> None:
    assert merge([], []) == ([], [])


samples = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (min(p), max(p))),
    max_size=12,
)


@settings(deadline=None)
@given(samples, st.booleans())
def test_a_limit_of_one_merges_nothing(rows: list[tuple[int, int]], is_half_open: bool) -> None:
    score = [0.5] * len(rows)
    merged, _ = merge(rows, score, merge_tiou=1.0, is_half_open=is_half_open)
    assert sorted(map(tuple, merged)) == sorted(rows)


@settings(deadline=None)
@given(samples)
def test_merging_covers_the_same_samples(rows: list[tuple[int, int]]) -> None:
    merged, means = merge(rows, [0.5] * len(rows), merge_tiou=0.3)
    assert {i for a, b in merged for i in range(a, b + 1)} == {
        i for a, b in rows for i in range(a, b + 1)
    }
    assert all(mean == pytest.approx(0.5) for mean in means)
