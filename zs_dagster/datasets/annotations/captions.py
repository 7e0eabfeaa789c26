"""Captioned segments: ActivityNet Captions JSON, and CSV."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zs_dagster.datasets.annotations.activitynet import seconds_of, unique_keys
from zs_dagster.datasets.annotations.text import number, text_of
from zs_dagster.datasets.sources import CaptionSource
from zs_dagster.errors import DatasetError

COLUMNS = ("video", "start_s", "end_s", "caption")
UNSEEN = ("Cc", "Cs")  # general categories of Unicode: control, surrogate


class Caption(NamedTuple):
    """What a file says about a segment of a video; `lint_captions` judges it.

    Attributes:
        video_id: The video.
        start_s: Seconds.
        end_s: Seconds, exclusive.
        text: The sentence on one line, single blanks between its words.
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
        yield from _of_video(_seen(video, str(path)), entry, f"{path}: video '{video}'")


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
        yield Caption(video, start, end, _line(text, where))


def read_csv_captions(path: Path) -> Iterator[Caption]:
    """Read ``video,start_s,end_s,caption``."""
    # Strict, as a quote that is not closed would swallow all captions after it.
    reader = csv.DictReader(io.StringIO(text_of(path), newline=""), restval="", strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        if not set(COLUMNS) <= set(names) or len(set(names)) < len(names):
            raise DatasetError(
                f"{path}:1: the header must have the columns {','.join(COLUMNS)} once, got "
                f"'{','.join(names)}'"
            )
        reader.fieldnames = names
        for row in reader:
            yield _of_row(row, len(names), f"{path}:{reader.line_num}")
    except csv.Error as error:
        line = reader.reader.line_num  # The outer one counts only what was read.
        raise DatasetError(f"{path}:{line}: not usable CSV: {error}") from error


def _of_row(row: Mapping[str, Any], n_fields: int, place: str) -> Caption:
    if None in row:
        raise DatasetError(f"{place}: a row must have {n_fields} fields; quote commas")
    if not row["video"].strip():
        raise DatasetError(f"{place}: video must not be empty")
    start, end = (number(row[name], place) for name in COLUMNS[1:3])
    video = _seen(row["video"].strip(), place)
    return Caption(video, start, end, _line(row["caption"], place))


def _line(text: str, place: str) -> str:
    return _seen(" ".join(text.split()), place)


def _seen(text: str, place: str) -> str:
    """Refuse a text with control characters, or with half a character of a JSON escape."""
    if not text.isprintable() and any(unicodedata.category(one) in UNSEEN for one in text):
        raise DatasetError(
            f"{place}: a text must have no control characters and no lone surrogates, got "
            f"{text!a:.60}"
        )
    return text


READERS: Mapping[str, Callable[[Path], Iterator[Caption]]] = {
    "activitynet-captions": read_activitynet_captions,
    "csv": read_csv_captions,
}
