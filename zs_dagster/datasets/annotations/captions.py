"""Captioned segments: ActivityNet Captions JSON, and CSV."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zs_dagster.datasets.annotations.activitynet import seconds_of, unique_keys
from zs_dagster.datasets.annotations.text import number, text_of
from zs_dagster.datasets.sources import CaptionSource
from zs_dagster.errors import DatasetError

COLUMNS = ("video", "start_s", "end_s", "caption")


class Caption(NamedTuple):
    """What a file says about a segment of a video; `lint_captions` judges it.

    Attributes:
        video_id: The video.
        start_s: Seconds.
        end_s: Seconds, exclusive.
        text: The sentence, without white space around it.
    """

    video_id: str
    start_s: float
    end_s: float
    text: str


def read_captions(source: CaptionSource) -> list[Caption]:
    """Read all files of a source, in order; a caption that comes twice is kept once.

    Raises:
        DatasetError: If a file is missing or malformed; names file and video or line.
    """
    reader = READERS[source.format]
    return list(dict.fromkeys(one for path in source.paths for one in reader(path)))


def read_activitynet_captions(path: Path) -> Iterator[Caption]:
    """Read ``{video: {"duration", "timestamps": [[start, end], ...], "sentences": [...]}}``."""
    try:
        document = json.loads(text_of(path), object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: not usable JSON: {error}") from error
    if not isinstance(document, dict):
        raise DatasetError(
            f"{path}: captions must be an object of videos, got {document!r:.60}"
        )
    for video, entry in document.items():
        yield from _of_video(video, entry, f"{path}: video '{video}'")


def _of_video(video: str, entry: Any, place: str) -> Iterator[Caption]:  # noqa: ANN401 - JSON
    said = entry if isinstance(entry, dict) else {}
    times, texts = said.get("timestamps"), said.get("sentences")
    if not isinstance(times, list) or not isinstance(texts, list) or len(times) != len(texts):
        raise DatasetError(
            f"{place} must have lists timestamps and sentences of one length, got {entry!r:.60}"
        )
    for place_in, (segment, text) in enumerate(zip(times, texts, strict=True)):
        where = f"{place}, caption {place_in}"
        if not isinstance(segment, list) or len(segment) != 2:
            raise DatasetError(f"{where}: timestamp must be [start, end], got {segment!r:.60}")
        if not isinstance(text, str):
            raise DatasetError(f"{where}: sentence must be a text, got {text!r:.60}")
        start, end = (seconds_of(value, where) for value in segment)
        yield Caption(video, start, end, text.strip())


def read_csv_captions(path: Path) -> Iterator[Caption]:
    """Read ``video,start_s,end_s,caption``."""
    reader = csv.DictReader(text_of(path).splitlines(), restval="")
    names = [name.strip() for name in reader.fieldnames or ()]
    if not set(COLUMNS) <= set(names):
        raise DatasetError(
            f"{path}:1: the header must have the columns {','.join(COLUMNS)}, got "
            f"'{','.join(names)}'"
        )
    reader.fieldnames = names
    for row in reader:
        place = f"{path}:{reader.line_num}"
        if None in row:
            raise DatasetError(f"{place}: a row must have {len(names)} fields; quote commas")
        if not row["video"].strip():
            raise DatasetError(f"{place}: video must not be empty")
        start, end = (number(row[name], place) for name in COLUMNS[1:3])
        yield Caption(row["video"].strip(), start, end, row["caption"].strip())


READERS: Mapping[str, Callable[[Path], Iterator[Caption]]] = {
    "activitynet-captions": read_activitynet_captions,
    "csv": read_csv_captions,
}
