"""Segments: rules they enforce, and overlap: by hand, then properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError, InvalidSegmentsError
from zs_dagster.segments import LabelledSegments, Segments, tiou

times = st.floats(0, 1000, allow_nan=False)
intervals = st.tuples(times, times).map(lambda pair: (min(pair), max(pair)))


def test_rows_become_columns() -> None:
    segments = Segments.from_rows([(0, 1, 0.5), (2, 4, 0.25)])
    np.testing.assert_array_equal(segments.start_s, [0, 2])
    np.testing.assert_array_equal(segments.end_s, [1, 4])
    np.testing.assert_array_equal(segments.score, [0.5, 0.25])


def test_no_rows_are_an_empty_value() -> None:
    assert len(Segments.from_rows([])) == 0
    assert len(LabelledSegments.from_rows([])) == 0


def test_take_selects_by_index_and_by_mask() -> None:
    rows = LabelledSegments.from_rows([("a", "x", 0, 1, 0.5), ("b", "y", 2, 4, 0.25)])
    assert rows.take(np.array([1, 0])).video_id.tolist() == ["b", "a"]
    assert rows.take(np.array([False, True])).segments.start_s.tolist() == [2]


def test_columns_must_share_one_shape() -> None:
    with pytest.raises(InvalidSegmentsError, match=r"must share one shape \(N,\), got"):
        Segments(np.zeros(2), np.zeros(3), np.zeros(2))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("column", ["start_s", "end_s", "score"])
def test_columns_must_be_finite(column: str, value: float) -> None:
    columns = {"start_s": np.zeros(3), "end_s": np.ones(3), "score": np.ones(3)}
    columns[column][1] = value
    with pytest.raises(
        InvalidSegmentsError, match=rf"{column} must be finite, got .* in segment 1; 1 of 3"
    ):
        Segments(**columns)


def test_segments_must_not_run_backwards() -> None:
    with pytest.raises(
        InputError, match=r"segment 1 ends before it starts \(start_s=5, end_s=4\); 1 of 2"
    ):
        Segments.from_rows([(0, 1, 1), (5, 4, 1)])


def test_labels_must_match_the_segments() -> None:
    with pytest.raises(InvalidSegmentsError, match=r"must have one length, got \(1, 2, 2\)"):
        LabelledSegments(
            np.array(["a"]), np.array(["x", "y"]), Segments.from_rows([(0, 1, 1)] * 2)
        )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param((0, 10), (5, 15), 1 / 3, id="5 of 15"),
        pytest.param((0, 10), (0, 10), 1.0, id="same"),
        pytest.param((0, 10), (2, 4), 0.2, id="inside"),
        pytest.param((0, 1), (1, 2), 0.0, id="touching"),
        pytest.param((0, 1), (5, 6), 0.0, id="apart"),
        pytest.param((3, 3), (3, 3), 0.0, id="two empty"),
        pytest.param((3, 3), (0, 6), 0.0, id="one empty"),
    ],
)
def test_overlap_by_hand(
    one: tuple[float, float], other: tuple[float, float], expected: float
) -> None:
    assert float(tiou(*one, *map(np.array, other))) == pytest.approx(expected, abs=1e-15)


@settings(deadline=None)
@given(intervals, intervals)
def test_overlap_is_symmetric_and_a_fraction(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    there = float(tiou(*one, *map(np.array, other)))
    assert there == float(tiou(*other, *map(np.array, one)))
    assert 0 <= there <= 1
