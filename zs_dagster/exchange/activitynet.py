"""ActivityNet JSON: predictions in ``results``, corrected or annotated ones in either form."""

from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.exchange.json_text import an_object, from_json, objects, pair, to_json
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review, Segment


def write(review: Review) -> str:
    """Write a submission file; every video is listed, also an empty one."""
    results: dict[str, list[dict[str, Any]]] = {v.video_id: [] for v in review.videos}
    for segment in review.segments:
        results[segment.video_id].append(
            {
                "label": segment.label,
                "score": segment.score,
                "segment": [segment.start_s, segment.end_s],
            }
        )
    return to_json({"version": "VERSION 1.3", "results": results, "external_data": {}})


def write_ground_truth(segments: list[Segment], durations_s: dict[str, float | None]) -> str:
    """Write annotations of some videos, those without segments included.

    Args:
        segments: What is in them.
        durations_s: Every video with its length, if that is known.
    """
    database: dict[str, dict[str, Any]] = {
        video: {**({} if length is None else {"duration": length}), "annotations": []}
        for video, length in sorted(durations_s.items())
    }
    for segment in sorted(segments):
        entry = {"label": segment.label, "segment": [segment.start_s, segment.end_s]}
        database[segment.video_id]["annotations"].append(entry)
    return to_json({"database": database})


def read(text: str, place: str, known: Known) -> Corrections:
    """Read ``results`` or ``database``.

    Raises:
        InputError: If it is neither, or an entry breaks a rule.
    """
    document = an_object(from_json(text, place), place)
    key = "database" if "database" in document else "results"
    if key not in document:
        raise InputError(f"{place}: must have an object 'results' or 'database'")
    found = Corrections()
    for name, entry in an_object(document[key], f"{place}: {key}").items():
        spot = f"{place}: video '{name}'"
        video = known.video(name, place)
        items = entry if key == "results" else an_object(entry, spot).get("annotations")
        rows = objects(items, spot)
        found.add(video, [_segment(known, video, row, spot) for row in rows])
    return found


def _segment(known: Known, video: str, row: dict[str, Any], spot: str) -> Segment:
    return known.segment(video, row.get("label"), pair(row.get("segment"), spot), spot)
