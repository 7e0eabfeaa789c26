"""ActivityNet JSON, official or anybody's: ``database.{video}.annotations[]``."""

import json
import re
from pathlib import Path
from typing import Any

from zs_dagster.datasets.annotations.records import Annotation, Annotations, VideoFacts
from zs_dagster.datasets.annotations.text import text_of
from zs_dagster.errors import DatasetError

# Two of these escapes make one character; one alone makes none.
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def read_activitynet(path: Path) -> Annotations:
    """Read segments, and what the file says about its videos.

    Raises:
        DatasetError: If the file or an entry is malformed; names video and entry. Times that
            make no sense are read as they are.
    """
    found = Annotations()
    for video, entry in _database(path).items():
        place = f"{path}: video '{video}'"
        if not isinstance(entry, dict):
            raise DatasetError(f"{place} must be an object, got {entry!r:.60}")
        facts = VideoFacts(
            _optional(entry.get("duration"), f"{place}: duration"),
            _optional(entry.get("fps"), f"{place}: fps"),
            _subset(entry.get("subset"), place),
        )
        found.videos[video] = facts
        subsets = (facts.subset,) if facts.subset else ()
        for number, item in enumerate(_list(entry, place)):
            found.rows.append(_row(video, item, subsets, f"{place}, annotation {number}"))
    return found


def _database(path: Path) -> dict[str, Any]:
    document = _json(path)
    if not isinstance(document, dict) or not isinstance(document.get("database"), dict):
        raise DatasetError(
            f"{path}: ground truth in ActivityNet format must be an object with an object "
            "'database'"
        )
    database: dict[str, Any] = document["database"]
    return database


def _json(path: Path) -> Any:  # noqa: ANN401 - a file may hold anything
    """Read JSON whose objects name each key once, and whose texts can be written as UTF-8.

    Raises:
        DatasetError: If it is none.
    """
    text = text_of(path)
    try:
        document = json.loads(text, object_pairs_hook=unique_keys)
        if HALF_CHARACTER.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: not usable JSON: {error}") from error
    return document


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice, of which JSON would silently forget one."""
    entry = dict(pairs)
    if len(entry) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in entry if names.count(name) > 1)
        raise ValueError(f"key '{twice}' comes twice in one object; merge the two entries")
    return entry


def _list(entry: dict[str, Any], place: str) -> list[Any]:
    # Withheld test videos of the official file have none.
    items = entry.get("annotations", [])
    if not isinstance(items, list):
        raise DatasetError(f"{place}: annotations must be a list, got {items!r:.60}")
    return items


def _subset(value: Any, place: str) -> str | None:  # noqa: ANN401 - JSON
    if value is not None and not isinstance(value, str):
        raise DatasetError(f"{place}: subset must be a text, got {value!r:.60}")
    return value


def _row(video: str, item: Any, subsets: tuple[str, ...], place: str) -> Annotation:  # noqa: ANN401
    label = item.get("label") if isinstance(item, dict) else None
    if not isinstance(label, str) or not label:
        raise DatasetError(f"{place}: label must be a text, got {label!r:.60}")
    segment = item.get("segment")
    if segment is None:
        return Annotation(video, label, subsets=subsets)
    if not isinstance(segment, list) or len(segment) != 2:
        raise DatasetError(f"{place}: segment must be [start, end], got {segment!r:.60}")
    start, end = (seconds_of(value, place) for value in segment)
    return Annotation(video, label, start, end, subsets)


def seconds_of(value: Any, place: str) -> float:  # noqa: ANN401 - JSON
    """Return a finite number of seconds, or refuse what is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) < 1e9:
        raise DatasetError(f"{place}: must be a finite number of seconds, got {value!r:.60}")
    return float(value)


def _optional(value: Any, place: str) -> float | None:  # noqa: ANN401 - JSON
    return None if value is None else seconds_of(value, place)
