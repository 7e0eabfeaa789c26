"""VIA 3 (VGG Image Annotator): a project with temporal segments, in seconds.

Numbers of the format: attribute type 1 is text and 4 a choice, file type 4 is video, place 2 is
an address and 3 a local file.
"""

from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.exchange.json_text import an_object, from_json, pair, to_json
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review, Video

TEXT, CHOICE, VIDEO, ADDRESS, LOCAL = 1, 4, 4, 2, 3
SEGMENT = "FILE1_Z2_XY0"
NAME, LABEL, SCORE = "TEMPORAL-SEGMENTS", "1", "2"
Object = dict[str, Any]


def write(review: Review) -> str:
    """Write a project; the label of a segment is attribute 1, its score attribute 2."""
    places = {label: str(place) for place, label in enumerate(review.classes, start=1)}
    numbered = {str(place): video for place, video in enumerate(review.videos, start=1)}
    metadata: Object = {}
    for vid, video in numbered.items():
        for segment in review.of(video):
            values = {LABEL: places[segment.label]}
            if segment.score is not None:
                values[SCORE] = f"{segment.score:.6g}"
            times = [segment.start_s, segment.end_s]
            entry = {"vid": vid, "flg": 0, "z": times, "xy": [], "av": values}
            metadata[f"{vid}_{len(metadata) + 1:08d}"] = entry
    return to_json(
        {
            "project": _project(f"{review.dataset} {review.method}", list(numbered)),
            "config": _CONFIG,
            "attribute": _attributes(places),
            "file": {vid: _file(vid, video) for vid, video in numbered.items()},
            "view": {vid: {"fid_list": [vid]} for vid in numbered},
            "metadata": metadata,
        }
    )


_CONFIG = {
    "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
    "ui": {
        "file_content_align": "center",
        "file_metadata_editor_visible": True,
        "spatial_metadata_editor_visible": True,
        "spatial_region_label_attribute_id": "",
        "gtimeline_visible_row_count": "4",
    },
}


def _project(name: str, vids: list[str]) -> Object:
    return {
        "pid": "__VIA_PROJECT_ID__",
        "rev": "__VIA_PROJECT_REV_ID__",
        "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__",
        "pname": name,
        "creator": "zs_dagster",
        "created": 0,
        "data_format_version": "3.1.1",
        "vid_list": vids,
    }


def _attributes(places: dict[str, str]) -> Object:
    options = {place: label for label, place in places.items()}
    common = {"anchor_id": SEGMENT, "default_option_id": ""}
    label = {"aname": NAME, "type": CHOICE, "desc": "Action", "options": options}
    score = {"aname": "score", "type": TEXT, "desc": "Confidence", "options": {}}
    return {LABEL: label | common, SCORE: score | common}


def _file(vid: str, video: Video) -> Object:
    place = ADDRESS if video.url else LOCAL
    return {"fid": vid, "fname": video.name, "type": VIDEO, "loc": place, "src": video.uri}


def read(text: str, place: str, known: Known) -> Corrections:
    """Read the temporal segments of a saved project; other annotations are ignored.

    Raises:
        InputError: If an entry breaks a rule.
    """
    document = an_object(from_json(text, place), place)
    parts = ("attribute", "file", "view", "metadata")
    attributes, files, views, metadata = (
        an_object(document.get(part), f"{place}: {part}") for part in parts
    )
    labels_at = _labels_at(attributes, place)
    options = an_object(attributes[labels_at].get("options") or {}, f"{place}: options")
    videos = {
        vid: _video(known, view, files, f"{place}: view {vid}") for vid, view in views.items()
    }
    found = Corrections()
    for video in videos.values():
        found.add(video)
    for name, entry in metadata.items():
        spot = f"{place}: metadata '{name}'"
        times = an_object(entry, spot).get("z")
        if not isinstance(times, list) or len(times) != 2:
            continue
        view = str(entry.get("vid"))
        if view not in videos:
            raise InputError(f"{spot}: there is no view {entry.get('vid')!r:.60}")
        video = videos[view]
        chosen = an_object(entry.get("av"), spot).get(labels_at)
        label = options.get(str(chosen), chosen)
        found.add(video, [known.segment(video, label, pair(times, spot), spot)])
    return found


def _labels_at(attributes: Object, place: str) -> str:
    """Return the attribute with the labels: that of our name, or the only one of segments."""
    own = {
        k: v
        for k, v in attributes.items()
        if isinstance(v, dict) and v.get("anchor_id") == SEGMENT
    }
    named = [key for key, value in own.items() if value.get("aname") == NAME] or list(own)
    if len(named) != 1:
        raise InputError(
            f"{place}: must have one attribute '{NAME}' of temporal segments, has {len(named)}"
        )
    return named[0]


def _video(known: Known, view: Any, files: Object, spot: str) -> str:  # noqa: ANN401 - JSON
    ids = an_object(view, spot).get("fid_list")
    if not isinstance(ids, list) or len(ids) != 1 or str(ids[0]) not in files:
        raise InputError(f"{spot}: must show one file of the project, got {ids!r:.60}")
    file = an_object(files[str(ids[0])], spot)
    return known.video(str(file.get("fname") or file.get("src")), spot)
