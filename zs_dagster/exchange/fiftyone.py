"""FiftyOne: a folder that ``fo.types.FiftyOneTemporalDetectionDataset`` reads.

``labels.json`` holds the detections by video, ``data.json`` where each file lies. The support
of a detection are the frames of the file, counted from 1, both ends included.
"""

from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.exchange.json_text import an_object, from_json, objects, pair, to_json
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review, Segment, Video

Object = dict[str, Any]


def write(review: Review) -> dict[str, str]:
    """Return the files ``labels.json`` and ``data.json``."""
    places = {label: place for place, label in enumerate(review.classes)}
    labels = {
        video.video_id: [_detection(video, s, places[s.label]) for s in review.of(video)]
        for video in review.videos
    }
    document = {"classes": list(review.classes), "labels": labels}
    # The importer cuts a suffix off each name; so every name has one.
    files = {video.name: str(video.path) for video in review.videos}
    return {"labels.json": to_json(document), "data.json": to_json(files)}


def _detection(video: Video, segment: Segment, place: int) -> Object:
    first, stop = video.clock.shown(segment.start_s, segment.end_s)
    detection: Object = {
        "label": place,
        "support": [first + 1, stop],
        "attributes": {"start_s": segment.start_s, "end_s": segment.end_s},
    }
    return detection | ({} if segment.score is None else {"confidence": segment.score})


def read(text: str, place: str, known: Known) -> Corrections:
    """Read ``labels.json``: with frames, or with timestamps in seconds.

    The seconds in the attributes are ours and are not read: people move the frames.

    Raises:
        InputError: If an entry breaks a rule.
    """
    document = an_object(from_json(text, place), place)
    classes = document.get("classes")
    found = Corrections()
    for name, items in an_object(document.get("labels"), f"{place}: labels").items():
        spot = f"{place}: video '{name}'"
        video = known.video(name, place)
        rows = objects(items or [], spot)
        found.add(video, [_segment(known, video, row, classes, spot) for row in rows])
    return found


def _segment(known: Known, video: str, row: Object, classes: object, spot: str) -> Segment:
    label = row.get("label")
    if isinstance(label, int) and isinstance(classes, list):
        if not 0 <= label < len(classes):
            raise InputError(
                f"{spot}: label {label} must be a place in the {len(classes)} classes"
            )
        label = classes[label]
    if "support" in row:
        first, last = pair(row["support"], f"{spot}: support")
        times = known.clock(video).seconds(int(first) - 1, int(last))
    else:
        times = pair(row.get("timestamps"), f"{spot}: timestamps")
    return known.segment(video, label, times, spot)
