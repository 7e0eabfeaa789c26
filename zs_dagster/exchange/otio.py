"""OpenTimelineIO: one timeline, one clip per segment, in JSON.

Times are whole frames of a steady clock at the exact rate of each video.
"""

from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.exchange.frames import tick_seconds
from zs_dagster.exchange.json_text import a_list, an_object, from_json, number, objects, to_json
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review, Segment, Video

OURS = "zs_dagster"
Object = dict[str, Any]


def write(review: Review) -> str:
    """Write a timeline whose video track strings the segments together, video by video."""
    clips = [_clip(video, segment) for video in review.videos for segment in review.of(video)]
    track = _named("Track.1", "segments") | {
        "kind": "Video",
        "children": clips,
        "source_range": None,
    }
    stack = _named("Stack.1", "tracks") | {"children": [track], "source_range": None}
    said = {
        "dataset": review.dataset,
        "method": review.method,
        "videos": [video.video_id for video in review.videos],
    }
    timeline = _named("Timeline.1", f"{review.dataset} {review.method}") | {
        "metadata": {OURS: said},
        "global_start_time": None,
        "tracks": stack,
    }
    return to_json(timeline)


def _named(schema: str, name: str) -> Object:
    common: Object = {"name": name, "metadata": {}}
    extra = {} if schema == "Timeline.1" else {"effects": [], "markers": [], "enabled": True}
    return {"OTIO_SCHEMA": schema, **common, **extra}


def _clip(video: Video, segment: Segment) -> Object:
    rate = float(video.clock.rate)
    whole = video.clock.ticks(0.0, video.clock.end_s)
    said = {"video_id": video.video_id, "label": segment.label, "score": segment.score}
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": video.name,
        "metadata": {},
        "target_url": video.uri,
        "available_range": _range(whole, rate),
        "available_image_bounds": None,
    }
    return _named("Clip.2", segment.label) | {
        "metadata": {OURS: said},
        "source_range": _range(video.clock.ticks(segment.start_s, segment.end_s), rate),
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _range(ticks: tuple[int, int], rate: float) -> Object:
    first, stop = ticks
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(first)},
        "duration": {
            "OTIO_SCHEMA": "RationalTime.1",
            "rate": rate,
            "value": float(stop - first),
        },
    }


def read(text: str, place: str, known: Known) -> Corrections:
    """Read every clip of every track; its name is the label, its media the video.

    Raises:
        InputError: If it is no timeline, or a clip breaks a rule.
    """
    timeline = an_object(from_json(text, place), place)
    if not str(timeline.get("OTIO_SCHEMA")).startswith("Timeline."):
        raise InputError(
            f"{place}: must be an OpenTimelineIO timeline, got {timeline.get('OTIO_SCHEMA')!r}"
        )
    found = Corrections()
    for name in a_list(_ours(timeline, place).get("videos"), f"{place}: videos"):
        found.add(known.video(str(name), place))
    stack = an_object(timeline.get("tracks"), f"{place}: tracks")
    for count, clip in enumerate(_clips(stack, place), start=1):
        spot = f"{place}: clip {count}"
        media, ours = _media(clip, spot), _ours(clip, spot)
        video = known.video(str(ours.get("video_id") or media.get("target_url")), spot)
        span = an_object(clip.get("source_range") or media.get("available_range"), spot)
        label = clip.get("name") or ours.get("label")
        found.add(video, [known.segment(video, label, _seconds(span, spot), spot)])
    return found


def _ours(item: Object, place: str) -> Object:
    said = an_object(item.get("metadata") or {}, f"{place}: metadata").get(OURS)
    return said if isinstance(said, dict) else {}


def _clips(item: Object, place: str) -> list[Object]:
    """Return the clips below a stack or track; gaps and transitions hold none."""
    found: list[Object] = []
    for child in objects(item.get("children") or [], place):
        is_clip = str(child.get("OTIO_SCHEMA")).startswith("Clip.")
        found += [child] if is_clip else _clips(child, place)
    return found


def _media(clip: Object, spot: str) -> Object:
    many = an_object(clip.get("media_references") or {}, f"{spot}: media_references")
    key = str(clip.get("active_media_reference_key"))
    media = many.get(key) or clip.get("media_reference") or {}
    return an_object(media, spot)


def _seconds(span: Object, spot: str) -> tuple[float, float]:
    start, duration = (_time(span.get(key), spot) for key in ("start_time", "duration"))
    return start, start + duration


def _time(value: Any, spot: str) -> float:  # noqa: ANN401 - JSON
    said = an_object(value, spot)
    rate = number(said.get("rate"), f"{spot}: rate")
    if rate <= 0:
        raise InputError(f"{spot}: rate must be > 0, got {rate:g}")
    return tick_seconds(rate, number(said.get("value"), f"{spot}: value"), 0)[0]
