"""`zs-dagster export`: found segments into the tools people look at them in."""

import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from zs_dagster.cli.clips import write_clips
from zs_dagster.cli.frame_clocks import FrameClocks
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import InputError
from zs_dagster.exchange.formats import FORMATS
from zs_dagster.exchange.records import Review, Segment, Video, media_url
from zs_dagster.files import write_text
from zs_dagster.tables import Tables
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.process import Limits

CLIPS = "clips"
NAMES = (*FORMATS, CLIPS)
Row = dict[str, Any]
FormatName = Annotated[str, typer.Option("--format", help=f"One of {', '.join(NAMES)}.")]


def export(  # noqa: PLR0913 - one flat list of options
    dataset: Annotated[str, typer.Argument(help="Name of a dataset that was run.")],
    *,
    form: FormatName,
    out: Annotated[Path, typer.Option(help="File or folder to make; must not exist.")],
    method: Annotated[
        str | None, typer.Option(help="Whose segments; by default those of the first method.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Leave out segments that score less.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(help="Keep the best so many of each video.")
    ] = None,
    video: Annotated[
        list[str] | None, typer.Option(help="Only this video; may be given several times.")
    ] = None,
    media_prefix: Annotated[
        str, typer.Option(help="Address that the videos are served below, for browser tools.")
    ] = "",
    is_copy: Annotated[
        bool, typer.Option("--copy", help="Clips: copy from key frames instead of encoding.")
    ] = False,
) -> None:
    """Write the segments of a dataset for another tool; nothing is ever overwritten."""
    home = prepare_environment()
    check_format(form, NAMES)
    _check(min_score, top, is_copy=is_copy, form=form)
    described = find_dataset(load_catalogue(home.datasets), dataset)
    rows = readable_videos(home.tables, described, video)
    found = _segments(home.tables, described, method, rows)
    kept = _kept(found, min_score, top)
    with decoding(described) as pool, new_path(out) as temporary:
        clocks = FrameClocks(pool, rows)
        videos = tuple(_video(row, clocks, media_prefix) for row in rows)
        name = found[0]["method"]
        review = Review(dataset, name, described.classes, videos, tuple(map(_segment, kept)))
        if form == CLIPS:
            write_clips(
                review, {row["video_id"]: row for row in rows}, temporary, pool, is_copy
            )
        else:
            _write(form, review, temporary)
    sys.stdout.write(
        f"written  {out}\nsegments {len(kept)} of {len(found)} found by {name} in "
        f"{len(videos)} videos\n"
    )


def check_format(form: str, known: Sequence[str]) -> None:
    """Refuse a format that there is not.

    Raises:
        InputError: Naming those there are.
    """
    if form not in known:
        raise InputError(f"--format must be one of {', '.join(known)}, got '{form}'")


def readable_videos(
    tables: Tables, dataset: Dataset, wanted: list[str] | None = None
) -> list[Row]:
    """Return the rows of the videos of a dataset that can be read, or of some of them.

    Raises:
        InputError: If the dataset was not run, or a wanted video is not in it or unreadable.
    """
    if dataset.task != "localization":
        raise InputError(f"dataset '{dataset.name}' is for {dataset.task}: it has no segments")
    if not tables.has("videos", dataset.name):
        raise _not_run(dataset)
    rows = {row["video_id"]: row for row in tables.rows("videos", dataset.name)}
    for video in wanted or ():
        if video not in rows:
            raise InputError(f"--video: dataset '{dataset.name}' has no video '{video}'")
        if rows[video]["status"] != "ok":
            raise InputError(f"--video: '{video}' is left out: {rows[video]['reason']}")
    chosen = dict.fromkeys(wanted or rows)
    return [rows[video] for video in chosen if rows[video]["status"] == "ok"]


def _not_run(dataset: Dataset) -> InputError:
    run = f"zs-dagster run {dataset.name}"
    return InputError(f"dataset '{dataset.name}' has no segments yet; `{run}` first")


@contextmanager
def decoding(dataset: Dataset) -> Iterator[Decoders]:
    """Start the processes that read the files of a dataset."""
    reader = dataset.reader
    with Decoders(None, Limits(reader.timeout_s, reader.memory_mb), reader.backend) as pool:
        yield pool


@contextmanager
def new_path(out: Path) -> Iterator[Path]:
    """Yield where to write something that appears as ``out`` when it is whole.

    Raises:
        InputError: If ``out`` exists or cannot be made.
    """
    if out.exists() or out.is_symlink():
        raise InputError(f"--out must not exist, got '{out}'; delete it or give another path")
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name[:40]}."))
    except OSError as error:
        raise InputError(f"--out cannot be made, got '{out}': {error.strerror}") from error
    try:
        yield folder / "new"
        (folder / "new").rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(min_score: float | None, top: int | None, *, is_copy: bool, form: str) -> None:
    if min_score is not None and not math.isfinite(min_score):
        raise InputError(f"--min-score must be finite, got {min_score:g}")
    if top is not None and top < 1:
        raise InputError(f"--top must be >= 1, got {top}")
    if is_copy and form != CLIPS:
        raise InputError(f"--copy is for --format clips, got --format {form}; leave it out")


def _segments(
    tables: Tables, dataset: Dataset, method: str | None, videos: list[Row]
) -> list[Row]:
    """Return the segments of a method in some videos."""
    if not tables.has("segments", dataset.name):
        raise _not_run(dataset)
    methods = [row["method"] for row in tables.rows("methods", dataset.name)]
    if method is not None and method not in methods:
        raise InputError(f"--method must be one of {', '.join(methods)}, got '{method}'")
    name, wanted = method or methods[0], {video["video_id"] for video in videos}
    rows = tables.rows("segments", dataset.name)
    found = [row for row in rows if row["method"] == name and row["video_id"] in wanted]
    if not found:
        raise InputError(
            f"method '{name}' found no segment in {len(videos)} videos of '{dataset.name}': "
            "there is nothing to export"
        )
    return found


def _kept(rows: list[Row], min_score: float | None, top: int | None) -> list[Row]:
    """Return the segments asked for, video by video, best first."""
    best = max(row["score"] for row in rows)
    if min_score is not None and best < min_score:
        raise InputError(f"no segment scores {min_score:g} or more, the best {best:g}")
    ranked = sorted(rows, key=lambda row: (row["video_id"], -row["score"], row["start_s"]))
    kept, count = [], dict.fromkeys((row["video_id"] for row in rows), 0)
    for row in ranked:
        is_good = min_score is None or row["score"] >= min_score
        if is_good and (top is None or count[row["video_id"]] < top):
            count[row["video_id"]] += 1
            kept.append(row)
    return kept


def _segment(row: Row) -> Segment:
    return Segment(*(row[key] for key in Segment._fields))


def _video(row: Row, clocks: FrameClocks, prefix: str) -> Video:
    name, path = row["video_id"], Path(row["path"])
    url = media_url(prefix, name, path)
    return Video(name, path, row["duration_s"], lambda: clocks.of(name), url)


def _write(form: str, review: Review, path: Path) -> None:
    # One name, two types: a file's text, or the files of a folder.
    write: Callable[[Review], Any] = FORMATS[form].write
    content = write(review)
    files = (
        {path: content} if isinstance(content, str) else {path / k: content[k] for k in content}
    )
    for place, text in files.items():
        write_text(place, text)
