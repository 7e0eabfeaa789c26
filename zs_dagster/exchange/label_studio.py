"""Label Studio: tasks with predicted `timelinelabels`, and the labelling configuration.

Label Studio counts the frames of a steady clock: at time t it shows number round(t * rate),
at least 1, and going to frame n seeks to n / rate (its VideoCanvas.tsx). Ranges include both
ends. So the frame that begins at k / rate has number k, and frame 0 shares number 1. Written
are the frames that begin within a segment; a reader that counts from 1 at time 0 is then no
more than a frame early.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from zs_dagster.errors import InputError
from zs_dagster.exchange.frames import tick_seconds
from zs_dagster.exchange.json_text import a_list, an_object, from_json, number, objects, to_json
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review, Segment, Video

CONTROL, OBJECT, KIND = "action", "video", "timelinelabels"
LOCAL_FILES = "/data/local-files/?d="
Object = dict[str, Any]


def write(review: Review) -> dict[str, str]:
    """Return the files ``tasks.json`` and ``config.xml``."""
    tasks = [_task(review, video) for video in review.videos]
    return {"tasks.json": to_json(tasks), "config.xml": config(review.classes)}


def config(classes: Iterable[str]) -> str:
    """Write the labelling configuration; the frame rate is that of each task.

    Raises:
        InputError: If a label has a character that XML cannot hold.
    """
    labels = "\n".join(f"    <Label value={_attribute(label)}/>" for label in classes)
    return (
        f'<View>\n  <TimelineLabels name="{CONTROL}" toName="{OBJECT}">\n{labels}\n'
        f'  </TimelineLabels>\n  <Video name="{OBJECT}" value="$video" framerate="$fps" '
        'timelineHeight="120"/>\n</View>\n'
    )


def _attribute(label: str) -> str:
    odd = next((c for c in label if ord(c) < 32 and c not in "\t\n\r"), None)
    if odd or any(c in label for c in "\ufffe\uffff"):
        raise InputError(f"class {label!r} has a character that XML cannot hold; rename it")
    return quoteattr(label)


def _task(review: Review, video: Video) -> Object:
    segments = review.of(video)
    data = {
        "video": video.url or LOCAL_FILES + quote(str(video.path).lstrip("/")),
        "fps": float(video.clock.rate),
        "fps_exact": str(video.clock.rate),
        "video_id": video.video_id,
        "duration_s": video.duration_s,
    }
    prediction = {
        "model_version": f"{review.dataset}/{review.method}",
        "result": [_region(video, number, s) for number, s in enumerate(segments, start=1)],
    }
    return {"data": data, "predictions": [prediction]}


def _region(video: Video, place: int, segment: Segment) -> Object:
    first, stop = video.clock.ticks(segment.start_s, segment.end_s)
    start = max(first, 1)
    region: Object = {
        "id": f"s{place}",
        "type": KIND,
        "from_name": CONTROL,
        "to_name": OBJECT,
        "value": {
            "ranges": [{"start": start, "end": max(stop - 1, start)}],
            KIND: [segment.label],
        },
    }
    return region | ({} if segment.score is None else {"score": segment.score})


def read(text: str, place: str, known: Known) -> Corrections:
    """Read exported tasks: the annotation of each, or the predictions if nobody annotated.

    Tasks without annotation, beside others that have one, were not reviewed and are left out.

    Raises:
        InputError: If a task has several annotations and none is the ground truth, or an entry
            breaks a rule.
    """
    tasks = objects(from_json(text, place), place)
    key = "annotations" if any(_done(task) for task in tasks) else "predictions"
    found = Corrections()
    for count, task in enumerate(tasks):
        spot = f"{place}: task {task.get('id', count)}"
        data = an_object(task.get("data"), f"{spot}: data")
        chosen = _chosen(_done(task) if key == "annotations" else task.get(key), spot)
        if chosen is not None:
            name = data.get("video_id") or data.get(OBJECT)
            video = known.video(str(name), spot)
            found.add(video, _segments(known, video, (data, chosen), spot))
    return found


def _done(task: Object) -> list[Object]:
    """Return the annotations that were not cancelled."""
    items = task.get("annotations")
    items = items if isinstance(items, list) else []
    return [a for a in items if isinstance(a, dict) and not a.get("was_cancelled")]


def _chosen(candidates: Any, spot: str) -> Object | None:  # noqa: ANN401 - JSON
    items = objects(candidates or [], spot)
    if len(items) > 1:
        items = [item for item in items if item.get("ground_truth")]
        if len(items) != 1:
            raise InputError(
                f"{spot}: has several annotations; mark one as ground truth in Label Studio"
            )
    return items[0] if items else None


def _segments(
    known: Known, video: str, said: tuple[Object, Object], spot: str
) -> Iterable[Segment]:
    data, annotation = said
    regions = objects(annotation.get("result"), f"{spot}: result")
    timeline = [region for region in regions if region.get("type") == KIND]
    if not timeline:
        return
    rate = number(data["fps"], f"{spot}: fps") if "fps" in data else known.clock(video).rate
    if rate <= 0:
        raise InputError(f"{spot}: fps must be > 0, got {rate}")
    for region in timeline:
        value = an_object(region.get("value"), f"{spot}: value")
        for span in objects(value.get("ranges"), f"{spot}: ranges"):
            first, last = (number(span.get(end), f"{spot}: {end}") for end in ("start", "end"))
            # Number 1 is frame 0 or frame 1: its end is taken as that between them.
            times = tick_seconds(rate, first if first > 1 else 0, last + 1 if last > 1 else 1)
            for label in a_list(value.get(KIND), f"{spot}: {KIND}"):
                yield known.segment(video, label, times, spot)
