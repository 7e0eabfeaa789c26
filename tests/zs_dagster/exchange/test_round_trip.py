"""What is written and read again is the same: labels exactly, times within one frame."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.exchange.formats import FORMATS
from zs_dagster.exchange.frames import FrameClock
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review, Segment

HOSTILE = (
    "a,b",
    'say "hi"',
    "it's <b>bold</b> & more",
    "up/down\\left",
    "two\nlines\r\nand three",
    "tab\there",
    " spaces ",
    "]]> --> {{ x }}",
    "=1+1",
    "'=1+1",
    "''-rf",
    "@x",
    "ひらがな ü 🤸",
    "line\u2028separator",
    "0",
)
SECONDS = {"activitynet", "csv", "via3"}
MakeReview = Callable[..., Review]
MakeKnown = Callable[[Review], Known]


def back(form: str, review: Review, known: Known) -> Corrections:
    """Write and read; where a folder is written, every file that would be read."""
    write: Any = FORMATS[form].write
    content = write(review)
    if isinstance(content, str):
        return FORMATS[form].read(content, "file", known)
    names = [name for name in content if FORMATS[form].files in (name, f"*.{name[-3:]}")]
    found = Corrections()
    for name in names:
        one = FORMATS[form].read(content[name], name, known)
        found.segments += one.segments
        found.videos |= one.videos
    return found


def frame_at(clock: FrameClock, time_s: float) -> float:
    """Length of the frame shown at a time, or just before it, or a steady one: the longest."""
    edges = np.append(clock.time_s, clock.end_s)
    place = min(int(np.searchsorted(edges, time_s, "right")), edges.size - 1)
    around = np.diff(edges)[max(place - 2, 0) : place + 1]
    return max(float(around.max()), float(1 / clock.rate))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "rate", ["24000/1001", "25", "30000/1001", "30", "60000/1001", "variable"]
)
@settings(max_examples=25)
@given(data=st.data())
def test_times_are_within_one_frame(
    review: MakeReview,
    known: MakeKnown,
    clocks: dict[str, FrameClock],
    form: str,
    rate: str,
    data: st.DataObject,
) -> None:
    clock = clocks[rate]
    starts = st.floats(0, clock.end_s - 0.2)
    rows = data.draw(st.lists(st.tuples(starts, st.floats(0.001, 9)), min_size=1, max_size=4))
    segments = [
        Segment("a", "jump", start, min(start + length, clock.end_s), 0.5)
        for start, length in sorted(rows)
    ]
    made = review(clock, segments)
    found = back(form, made, known(made))
    assert len(found.segments) == len(segments)
    ours = made.of(made.videos[0])
    for before, after in (
        zip(ours, found.segments, strict=True) if form != "activitynet" else ()
    ):
        if form in SECONDS:
            assert (after.start_s, after.end_s) == (before.start_s, before.end_s)
        for was, is_now in ((before.start_s, after.start_s), (before.end_s, after.end_s)):
            assert abs(was - is_now) <= frame_at(clock, was) + 1e-5


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60000/1001"])
def test_segments_between_frames_come_back_as_they_were(
    review: MakeReview, known: MakeKnown, clocks: dict[str, FrameClock], form: str, rate: str
) -> None:
    clock = clocks[rate]
    times = [(0.0, float(clock.time_s[7])), (float(clock.time_s[30]), clock.end_s)]
    made = review(clock, [Segment("a", "jump", *pair, 0.5) for pair in times])
    found = back(form, made, known(made)).segments
    for (start_s, end_s), after in zip(times, found, strict=True):
        assert after.start_s == pytest.approx(start_s, abs=1e-5)
        assert after.end_s == pytest.approx(end_s, abs=1e-5)


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_labels_survive(
    review: MakeReview, known: MakeKnown, clocks: dict[str, FrameClock], form: str
) -> None:
    segments = [
        Segment(f"dir/vid,{i} \"'<&>.x", label, i, i + 2.0, 0.5)
        for i, label in enumerate(HOSTILE)
    ]
    made = review(clocks["25"], segments, HOSTILE)
    found = back(form, made, known(made))
    assert {(s.video_id, s.label) for s in found.segments} == {
        (s.video_id, s.label) for s in segments
    }
    expected = {video.video_id for video in made.videos}
    assert found.videos == expected - (set() if FORMATS[form].has_empty_videos else {"silent"})


@pytest.mark.parametrize("form", FORMATS)
@given(label=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
@settings(max_examples=25)
def test_any_label_survives(
    review: MakeReview,
    known: MakeKnown,
    clocks: dict[str, FrameClock],
    form: str,
    label: str,
) -> None:
    made = review(clocks["25"], [Segment("a", label, 1.0, 2.0, 0.5)], (label,))
    try:
        found = back(form, made, known(made))
    except ValueError as error:
        # U+FFFE and U+FFFF are characters, but none of XML.
        assert "XML cannot hold" in str(error)  # noqa: PT017 - the rest must not raise
        return
    assert [s.label for s in found.segments] == [label]
