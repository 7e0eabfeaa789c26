"""Frames of a segment, by hand and as properties."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.exchange.frames import FrameClock, tick_seconds

FOUR = FrameClock(Fraction(4), np.array([0.0, 0.25, 0.5, 0.75]), 1.0)
# Frames of 0.1, 0.4, 0.1 and 0.4 s.
UNEVEN = FrameClock(Fraction(4), np.array([0.0, 0.1, 0.5, 0.6]), 1.0)
times = st.floats(0, 20, allow_nan=False)


@pytest.mark.parametrize(
    ("start_s", "end_s", "shown"),
    [
        pytest.param(0.25, 0.75, (1, 3), id="on the starts of frames"),
        pytest.param(0.26, 0.75, (2, 3), id="just after one"),
        pytest.param(0.0, 1.0, (0, 4), id="everything"),
        pytest.param(0.3, 0.4, (1, 2), id="within one frame"),
        pytest.param(0.7, 5.0, (3, 4), id="past the end"),
        pytest.param(5.0, 6.0, (3, 4), id="beyond the end"),
        pytest.param(0.2500000001, 0.7499999999, (1, 3), id="floats"),
    ],
)
def test_the_frames_that_begin_within_a_segment(
    start_s: float, end_s: float, shown: tuple[int, int]
) -> None:
    assert FOUR.shown(start_s, end_s) == FOUR.ticks(start_s, end_s) == shown


def test_with_a_variable_rate_the_file_and_the_player_count_differently() -> None:
    assert FOUR.is_constant
    assert not FrameClock(Fraction(4), np.array([0.0, 0.1, 0.7, 0.9]), 1.0).is_constant
    assert UNEVEN.shown(0.1, 0.6) == (1, 3)
    assert UNEVEN.seconds(1, 3) == (0.1, 0.6)
    assert UNEVEN.ticks(0.1, 0.6) == (1, 3)
    assert tick_seconds(UNEVEN.rate, 1, 3) == (0.25, 0.75)


def test_frame_numbers_beyond_the_video_are_cut_to_it() -> None:
    assert FOUR.seconds(-3, 99) == (0.0, 1.0)


@pytest.mark.parametrize("name", ["24000/1001", "25", "30000/1001", "60000/1001", "variable"])
@given(start=times, length=st.floats(0.001, 5))
def test_both_ends_are_less_than_a_frame_away(
    clocks: dict[str, FrameClock], name: str, start: float, length: float
) -> None:
    clock = clocks[name]
    start, end = min(start, clock.end_s - 0.01), min(start + length, clock.end_s)
    if end <= start:
        return
    first, stop = clock.shown(start, end)
    for ours, theirs in zip(clock.seconds(first, stop), (start, end), strict=True):
        edges = np.append(clock.time_s, clock.end_s)
        assert edges[max(int(np.searchsorted(edges, theirs)) - 1, 0)] - 1e-5 <= ours
        assert (
            ours
            <= edges[min(int(np.searchsorted(edges, theirs + 1e-9)), edges.size - 1)] + 1e-5
        )
    for ours, theirs in zip(
        tick_seconds(clock.rate, *clock.ticks(start, end)), (start, end), strict=True
    ):
        assert abs(ours - theirs) < 1 / clock.rate + 1e-5
