"""`zs-dagster import`: segments that people corrected, as the ground truth of a new dataset."""

import errno
import glob
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from zs_dagster.cli.datasets_add import check_new_name, portable, validate
from zs_dagster.cli.export import check_format, decoding, readable_videos
from zs_dagster.cli.frame_clocks import FrameClocks
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.removal import ANNOTATIONS
from zs_dagster.datasets.sources import GeneratedVideos, VideoFiles, VideoFolder
from zs_dagster.errors import InputError
from zs_dagster.exchange.activitynet import write_ground_truth
from zs_dagster.exchange.formats import FORMATS, Format
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections
from zs_dagster.files import write_text
from zs_dagster.home import Home
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.export import export_bank

Row = dict[str, Any]


def import_segments(
    file: Annotated[Path, typer.Argument(help="What the tool saved: a file, or a folder.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset that the segments were exported from.")],
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the new dataset; DATASET-corrected by default.")
    ] = None,
    has_all: Annotated[
        bool,
        typer.Option(
            "--all-videos",
            help="Nothing happens in videos the file does not name; else they are left out.",
        ),
    ] = False,
) -> None:
    """Make a dataset whose ground truth is what people corrected; `run` scores against it."""
    home = prepare_environment()
    check_format(form, tuple(FORMATS))
    files = _files(file, FORMATS[form])
    catalogue = load_catalogue(home.datasets)
    described = find_dataset(catalogue, dataset)
    rows = {row["video_id"]: row for row in readable_videos(home.tables, described)}
    new = f"{dataset}-corrected" if name is None else name
    target = check_new_name(home, catalogue, new)
    with decoding(described) as pool:
        clocks = FrameClocks(pool, rows.values())
        labels = frozenset(described.classes)
        known = Known(dataset, frozenset(rows), labels, clocks.of)
        found = _read(files, FORMATS[form], known)
    reviewed = set(rows) if has_all else found.videos
    if not reviewed:
        raise InputError(
            f"'{file}' names no video of dataset '{dataset}'; there is no ground truth"
        )
    _write(home, described, target, [rows[video] for video in sorted(reviewed)], found)
    sys.stdout.write(_summary(target, new, found, reviewed, len(rows)))


def _files(file: Path, form: Format) -> list[Path]:
    """Return a file, or every file of its kind in a folder."""
    if not file.exists():
        raise InputError(f"cannot read '{file}': {os.strerror(errno.ENOENT)}; check the path")
    files = sorted(file.glob(form.files)) if file.is_dir() and form.files else [file]
    if not files:
        raise InputError(
            f"folder '{file}' holds no file {form.files}; check --format and the path"
        )
    return files


def _read(files: Sequence[Path], form: Format, known: Known) -> Corrections:
    found = Corrections()
    for path in files:
        one = form.read(_text(path), str(path), known)
        found.segments += one.segments
        found.videos |= one.videos
    return found


def _text(path: Path) -> str:
    try:
        # As bytes: reading as text would change line ends inside quoted labels.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start}") from error


def _write(
    home: Home, dataset: Dataset, target: Path, videos: list[Row], found: Corrections
) -> None:
    """Write annotations, questions and the dataset file, in this order: it names the others."""
    name, ids = target.stem, [video["video_id"] for video in videos]
    truth, bank = target.with_name(f"{name}.{ANNOTATIONS}"), home.queries / f"{name}.yaml"
    lengths = {video["video_id"]: video["duration_s"] for video in videos}
    if truth.exists():
        raise InputError(f"'{truth}' exists; give another --name, or delete it")
    export_bank(bank, _asked(home, dataset.name))
    write_text(truth, write_ground_truth(found.segments, lengths))
    values = portable(dataset) | {
        "name": name,
        "title": f"{dataset.title or dataset.name}, corrected",
        "videos": _only(dataset, ids, home),
        "annotations": {"format": "activitynet", "path": str(truth)},
    }
    write_text(target, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    try:
        validate(home, target)
    except InputError:
        truth.unlink()
        bank.unlink()
        raise


def _asked(home: Home, dataset: str) -> list[ClassQuery]:
    """Return the questions that were asked; some are found by the name of the dataset."""
    rows = home.tables.rows("class_queries", dataset)
    return [ClassQuery(**{k: v for k, v in row.items() if k != "dataset"}) for row in rows]


def _only(dataset: Dataset, ids: Sequence[str], home: Home) -> Row:
    """Return where some videos of a dataset lie, under the ids that they have."""
    videos = dataset.videos
    if isinstance(videos, VideoFiles):
        places = find_videos(videos)
        return {"files": [str(places[video]) for video in ids]}
    if isinstance(videos, GeneratedVideos):
        videos = VideoFolder(folder=home.generated_videos / videos.generator)
    named = {"ids": [glob.escape(video) for video in ids]}
    return videos.model_dump(mode="json", exclude_unset=True) | named


def _summary(
    target: Path, name: str, found: Corrections, reviewed: set[str], total: int
) -> str:
    left_out = total - len(reviewed)
    note = f"; {left_out} that the file does not name are left out" if left_out else ""
    return (
        f"written  {target}\n"
        f"truth    {len(found.segments)} segments in {len(reviewed)} videos{note}\n"
        f"next     zs-dagster run {name}\n"
    )
