"""Annotations as CSV: the generic table, and the one of Kinetics."""

import csv
from collections.abc import Iterator
from pathlib import Path

from zs_dagster.datasets.annotations.records import Annotation, Annotations, VideoFacts
from zs_dagster.datasets.annotations.text import number, text_of
from zs_dagster.errors import DatasetError

GENERIC = ("video", "start_s", "end_s", "label")
KINETICS = ("label", "youtube_id", "time_start", "time_end", "split")


def read_csv(path: Path) -> Annotations:
    """Read ``video,start_s,end_s,label``; both times empty: the whole video."""
    found = Annotations()
    for place, row in _rows(path, GENERIC):
        times = (row["start_s"].strip(), row["end_s"].strip())
        if bool(times[0]) != bool(times[1]):
            raise DatasetError(f"{place}: give start_s and end_s, or neither; got {times}")
        start, end = (number(text, place) if text else None for text in times)
        found.add(Annotation(row["video"].strip(), row["label"].strip(), start, end))
    return found


def read_kinetics(path: Path) -> Annotations:
    """Read ``label,youtube_id,time_start,time_end,split``; clips are named ``id_start_end``.

    Downloaders name the clip of second 5 to 15 of a video ``<id>_000005_000015``.
    """
    found = Annotations()
    for place, row in _rows(path, KINETICS):
        times = [number(row[name], place) for name in ("time_start", "time_end")]
        clip = "_".join([row["youtube_id"], *(f"{int(time):06d}" for time in times)])
        subset = row["split"].strip()
        label = row["label"].strip().strip('"')
        found.add(Annotation(clip, label, subsets=(subset,)), VideoFacts(subset=subset))
    return found


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    reader = csv.DictReader(text_of(path).splitlines(), restval="")
    try:
        yield from _checked(path, reader, columns)
    except csv.Error as error:
        line = reader.reader.line_num  # The outer one counts only what was read.
        raise DatasetError(f"{path}:{line}: not usable CSV: {error}") from error


def _checked(
    path: Path, reader: "csv.DictReader[str]", columns: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, str]]]:
    names = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in columns if name not in names]
    if missing:
        raise DatasetError(
            f"{path}:1: the header must have the columns {','.join(columns)}, got "
            f"'{','.join(names)}'"
        )
    reader.fieldnames = names
    for row in reader:
        place = f"{path}:{reader.line_num}"
        if None in row or not all(row[name] is not None for name in columns):
            raise DatasetError(f"{place}: a row must have {len(names)} fields")
        if not row["label"].strip() or not row[names[names.index(columns[0])]].strip():
            raise DatasetError(f"{place}: video and label must not be empty")
        yield place, row
