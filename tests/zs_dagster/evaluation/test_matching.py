"""Matching: the order of service, ties, and a slow second way to assign."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation import matching
from zs_dagster.evaluation.matching import assign, class_index, match, pairs_of, served
from zs_dagster.segments import LabelledSegments

Row = tuple[str, str, float, float, float]


def flags(
    truth: Sequence[tuple[float, float]],
    found: Sequence[tuple[float, float, float]],
    threshold: float = 0.5,
    *,
    is_later_first: bool = False,
) -> list[bool]:
    matches = match(
        LabelledSegments.from_rows([("v", "x", a, b, 1.0) for a, b in truth]),
        LabelledSegments.from_rows([("v", "x", *row) for row in found]),
        ["x"],
        [threshold],
        is_later_first=is_later_first,
    )
    return [bool(flag) for flag in matches.is_match[0]]


def test_a_duplicate_is_false() -> None:
    assert flags([(0, 10)], [(0, 10, 0.9), (0, 10, 0.8)]) == [True, False]


def test_who_loses_a_favourite_takes_the_next_best() -> None:
    # [1, 11] overlaps both by 9/11; the first is taken.
    assert flags([(0, 10), (2, 12)], [(0, 10, 0.9), (1, 11, 0.8)]) == [True, True]


def test_rank_decides_even_against_a_better_overlap() -> None:
    # The first takes [0, 10] at 0.8 although the second would fit perfectly.
    assert flags([(0, 10)], [(0, 8, 0.9), (0, 10, 0.8)]) == [True, False]


def test_a_chain_of_displacements() -> None:
    # The second and third overlap one truth by 9/11 and the next by 7/13 = 0.54. The second
    # loses its favourite to the first, and then takes the favourite of the third.
    truth = [(0.0, 10.0), (4.0, 14.0), (8.0, 18.0)]
    found = [(0, 10, 0.9), (1, 11, 0.8), (5, 15, 0.7)]
    assert flags(truth, found, 0.5) == [True, True, True]
    assert flags(truth, found, 0.6) == [True, False, True]
    assert flags(truth[:2], found, 0.5) == [True, True, False]


def test_an_overlap_of_exactly_the_threshold_counts() -> None:
    assert flags([(0, 10)], [(0, 5, 0.9)], 0.5) == [True]
    assert flags([(0, 10)], [(0, 5, 0.9)], 0.5 + 1e-12) == [False]


def test_of_equal_overlaps_the_earlier_truth_is_taken_and_the_paper_takes_the_later_row() -> (
    None
):
    # [4, 10] overlaps [0, 10] and [4, 14] by 6/10. Whoever is left decides about [0, 8]:
    # it overlaps [0, 10] by 0.8 and [4, 14] by 4/14.
    truth, found = [(0.0, 10.0), (4.0, 14.0)], [(4, 10, 0.9), (0, 8, 0.8)]
    assert flags(truth, found) == [True, False]
    assert flags(truth, found, is_later_first=True) == [True, True]


def test_equal_scores_are_served_by_start_and_the_paper_serves_the_later_row() -> None:
    truth, found = [(0.0, 10.0)], [(1, 10, 0.5), (0, 10, 0.5), (0, 6, 0.5)]
    assert flags(truth, found) == [True, False, False]  # (0, 6) is first
    assert flags(truth, found[:2]) == [True, False]
    both = [*truth, (20.0, 30.0)]
    assert flags(both, [(0, 10, 0.5), (40, 50, 0.5)], is_later_first=True) == [False, True]


def test_empty_segments_never_match() -> None:
    assert flags([(3, 3)], [(3, 3, 0.9)]) == [False]


def test_rows_are_grouped_by_class_and_ranked() -> None:
    rows: list[Row] = [
        ("v", "y", 0, 1, 0.1),
        ("u", "x", 0, 1, 0.5),
        ("w", "z", 0, 1, 0.9),
        ("v", "x", 0, 1, 0.7),
    ]
    matches = match(
        LabelledSegments.from_rows(rows), LabelledSegments.from_rows(rows), ["x", "y"], [0.5]
    )
    assert matches.videos == ("u", "v", "w")
    assert matches.label.tolist() == [0, 0, 1]
    assert matches.video.tolist() == [1, 0, 1]
    assert matches.is_match.all()
    assert matches.n_truth.tolist() == [[1, 0], [1, 1], [0, 0]]
    assert matches.rows_of(0) == slice(0, 2)


def test_classes_must_differ() -> None:
    with pytest.raises(InputError, match=r"classes must differ, got 3 of which 2 differ"):
        class_index(np.array(["x"]), ["x", "y", "x"])


pairs = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 9)),
    unique_by=lambda row: row[:2],
    max_size=30,
)


@settings(deadline=None)
@given(pairs)
def test_assignment_equals_serving_one_after_the_other(
    rows: list[tuple[int, int, int]],
) -> None:
    rows.sort(key=lambda row: (row[0], -row[2]))
    expected, taken = [False] * 8, set[int]()
    for prediction, truth, _ in rows:
        if not expected[prediction] and truth not in taken:
            taken.add(truth)
            expected[prediction] = True
    columns = np.array(rows, dtype=np.intp).reshape(-1, 3)
    assert assign(columns[:, 0], columns[:, 1], 8, 6).tolist() == expected


spans = st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda p: (p[0], p[0] + p[1]))
segments = st.lists(
    st.tuples(st.sampled_from("uv"), st.sampled_from("xy"), spans, st.integers(0, 3)).map(
        lambda row: (row[0], row[1], *row[2], row[3] / 4)
    ),
    max_size=20,
).map(LabelledSegments.from_rows)


@settings(deadline=None)
@given(segments, segments, st.integers(1, 9))
def test_memory_saving_blocks_change_nothing(
    truth: LabelledSegments, found: LabelledSegments, size: int
) -> None:
    whole = match(truth, found, ["x", "y"], [0.3, 0.5])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "MAX_PAIRS", size)
        blocks = match(truth, found, ["x", "y"], [0.3, 0.5])
    np.testing.assert_array_equal(whole.is_match, blocks.is_match)


@given(
    group=st.lists(st.integers(0, 6), max_size=12).map(sorted),
    wanted=st.lists(st.integers(-1, 7), max_size=12),
    at_once=st.integers(1, 9),
)
def test_pairs_are_those_of_one_group_and_come_in_blocks(
    group: list[int], wanted: list[int], at_once: int
) -> None:
    blocks = [
        list(zip(one.tolist(), other.tolist(), strict=True))
        for one, other in pairs_of(np.array(group, int), np.array(wanted, int), at_once)
    ]
    expected = [(i, j) for i, a in enumerate(wanted) for j, b in enumerate(group) if a == b]
    assert [pair for block in blocks for pair in block] == expected
    largest = max((group.count(label) for label in wanted), default=0)
    assert all(len(block) <= at_once + largest for block in blocks)


def test_rows_are_served_by_class_and_score_then_video_and_start() -> None:
    rows: list[Row] = [
        ("w", "b", 0, 1, 0.9),
        ("w", "a", 0, 1, 0.5),
        ("v", "a", 2, 3, 0.5),
        ("v", "a", 1, 3, 0.5),
        ("v", "c", 0, 1, 1.0),
        ("w", "a", 0, 1, 0.7),
    ]
    assert served(LabelledSegments.from_rows(rows), ["a", "b"]).tolist() == [5, 3, 2, 1, 0]
