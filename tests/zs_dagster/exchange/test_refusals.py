"""What people and tools may hand in wrong, and what they are told."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from zs_dagster.errors import InputError
from zs_dagster.exchange import edl, label_studio
from zs_dagster.exchange.formats import FORMATS
from zs_dagster.exchange.frames import FrameClock
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Review, Segment

MakeReview = Callable[..., Review]
MakeKnown = Callable[[Review], Known]
EVENT = "001  AX       V     C        {} 00:00:02:00 00:00:00:00 00:00:01:00\n"


@pytest.fixture
def dataset(review: MakeReview, known: MakeKnown, clocks: dict[str, FrameClock]) -> Known:
    return known(review(clocks["25"], [Segment("day/first", "jump", 1.0, 2.0)]))


def task(**changes: object) -> str:
    region = {"type": "timelinelabels", "value": {"ranges": [{"start": 2, "end": 9}]}}
    region["value"] |= {"timelinelabels": ["jump"]}  # type: ignore[operator]
    said = {"id": 7, "data": {"video": "/data/upload/1/0a1b2c3d-first.mp4", "fps": 25.0}}
    return json.dumps([said | {"annotations": [{"result": [region]}]} | changes])


def ended(name: str, label: str = "jump", segment: object = (1.0, 2.0)) -> str:
    return json.dumps({"results": {name: [{"label": label, "segment": segment}]}})


@pytest.mark.parametrize("name", ["day/first", "day/first.mp4", "first.mp4", "/x/y/first.mkv"])
def test_videos_are_found_under_the_names_tools_give_them(dataset: Known, name: str) -> None:
    assert FORMATS["activitynet"].read(ended(name), "f", dataset).videos == {"day/first"}


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("activitynet", "{", "f: not usable JSON"),
        ("activitynet", "[]", "f: must be an object, got []"),
        ("activitynet", "{}", "must have an object 'results' or 'database'"),
        ("activitynet", ended("secnd"), "dataset 'kitchen' has no video 'secnd'"),
        ("activitynet", ended("first", "jmp"), "no class 'jmp'; did you mean 'jump'?"),
        ("activitynet", ended("first", segment=[2, 1]), "0 <= start < end, got [2, 1]"),
        ("activitynet", ended("first", segment=[0, "1"]), "must be a finite number, got '1'"),
        (
            "activitynet",
            ended("first").replace("1.0", "NaN"),
            "numbers must be finite, got NaN",
        ),
        ("csv", "video,label\n", "f:1: the header must have the columns video,start_s"),
        ("csv", "video,start_s,end_s,label\nfirst,a,2,jump\n", "f:2: must be a finite number"),
        ("csv", "video,start_s,end_s,label\nfirst,1,,jump\n", "f:2: video, start_s, end_s"),
        ("label-studio", "{}", "f: must be a list of objects"),
        ("label-studio", task(data=None), "f: task 7: data: must be an object"),
        ("label-studio", task(data={"video": "first", "fps": 0}), "fps must be > 0, got 0"),
        (
            "label-studio",
            task(annotations=[{"result": []}, {"result": []}]),
            "several annotations; mark one as ground truth",
        ),
        (
            "fiftyone",
            '{"labels": {"first": [{"label": 3, "support": [1, 2]}], "x": 1}, "classes": []}',
            "label 3 must be a place in the 0 classes",
        ),
        (
            "fiftyone",
            '{"labels": {"first": [{"label": "jump"}]}}',
            "timestamps: must be [start",
        ),
        ("via3", "{}", "f: attribute: must be an object"),
        (
            "otio",
            '{"OTIO_SCHEMA": "Clip.2"}',
            "must be an OpenTimelineIO timeline, got 'Clip.2'",
        ),
        ("edl", "TITLE: x\n", "must name one video in comments '* ZS VIDEO: "),
        ("edl", f'{edl.VIDEO}"first"\n{EVENT.format("00:00:01:00")}', "f:2: the event must be"),
        (
            "edl",
            f'{edl.VIDEO}"first"\n{EVENT.format("00:00:01;00")}{edl.LABEL}"jump"',
            "f:2: must be a non-drop timecode of 25 frames per second, got '00:00:01;00'",
        ),
        (
            "edl",
            f'{edl.VIDEO}"first"\n{EVENT.format("00:00:01:25")}{edl.LABEL}"jump"',
            "got '00:00:01:25'",
        ),
    ],
)
def test_what_is_wrong_is_named(dataset: Known, form: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        FORMATS[form].read(text, "f", dataset)
    assert said in str(refused.value)


@pytest.mark.parametrize("form", ["activitynet", "fiftyone", "label-studio", "otio", "via3"])
def test_whatever_stands_anywhere_is_read_or_refused_in_one_line(
    review: MakeReview, known: MakeKnown, clocks: dict[str, FrameClock], form: str
) -> None:
    made = review(clocks["25"], [Segment("a", "jump", 1.0, 2.0, 0.5)])
    write: Any = FORMATS[form].write
    content = write(made)
    text = content if isinstance(content, str) else content[FORMATS[form].files]
    refused: list[str] = []
    for broken in _broken(json.loads(text)):
        try:
            FORMATS[form].read(json.dumps(broken), "f", known(made))
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert not [said for said in refused if not said.startswith("f: ") or "\n" in said]


def _broken(value: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield a document with one part of it, of any depth, replaced by something odd."""
    yield from (None, True, -1, 10**400, "x", [], {}, [[]], {"a": 1})
    if not isinstance(value, dict | list):
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        for other in _broken(inner):
            changed = value.copy()
            changed[key] = other
            yield changed


def test_one_name_for_two_videos_is_refused(
    review: MakeReview, known: MakeKnown, clocks: dict[str, FrameClock]
) -> None:
    two = [Segment(f"{day}/first", "jump", 1.0, 2.0) for day in ("mon", "tue")]
    with pytest.raises(InputError, match=r"'first\.mp4' may be mon/first or tue/first"):
        FORMATS["activitynet"].read(ended("first.mp4"), "f", known(review(clocks["25"], two)))


def test_label_studio_takes_what_was_annotated_and_leaves_out_the_rest(dataset: Known) -> None:
    (done,) = json.loads(task())
    open_ = {"data": {"video": "silent.mp4"}, "predictions": [{"result": []}]}
    cancelled = {"was_cancelled": True, "result": []}
    found = label_studio.read(
        json.dumps([done | {"annotations": [cancelled, *done["annotations"]]}, open_]),
        "f",
        dataset,
    )
    assert found.videos == {"day/first"}
    assert found.segments == [Segment("day/first", "jump", 2 / 25, 10 / 25)]


def test_what_a_format_cannot_hold_is_refused(
    review: MakeReview, clocks: dict[str, FrameClock]
) -> None:
    with pytest.raises(InputError, match="has a character that XML cannot hold; rename it"):
        label_studio.config(["bell\x07"])
    many = [Segment("a", "jump", i / 100, i / 100 + 1) for i in range(1000)]
    with pytest.raises(InputError, match="at most 999 events, video 'a' has 1000 segments"):
        edl.write(review(clocks["25"], many))
