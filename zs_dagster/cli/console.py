"""What people see in the terminal."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from zs_dagster.cli.graph import Outcome
from zs_dagster.cli.summary import METRICS
from zs_dagster.datasets.catalogue import Catalogue
from zs_dagster.datasets.description import CAPTIONS, Dataset
from zs_dagster.home import Home
from zs_dagster.lines import one_line
from zs_dagster.progress import listening

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = ("average_mAP", "mAP@0.3", "mAP@0.5", "mAP@0.7")


def warn_of_broken(catalogue: Catalogue) -> None:
    """Say which dataset files are left out, and why, where all datasets are looked at."""
    for error in catalogue.broken.values():
        sys.stderr.write(f"warning: {one_line(str(error))}\n")


@contextmanager
def progress() -> Iterator[None]:
    """Show a bar per long stage while the block runs."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description:18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, Any] = {}

    def listen(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            # Begun with the first bar: without one, a refusal would follow an empty line.
            bars.start()
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    with _terminal() as terminal:
        console = Console(file=terminal, width=_columns(terminal))
        # What stages print belongs into the log of their run.
        bars = Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False)
        try:
            with listening(listen), _warnings_above(bars.console):
                yield
        finally:
            if tasks:
                bars.stop()


@contextmanager
def _terminal() -> Iterator[TextIO]:
    """Give stderr as it is now: Dagster turns it into the log of a run while that lasts."""
    if sys.stderr is None:  # Closed before the process began.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            yield nowhere
        return
    try:
        number = os.dup(sys.stderr.fileno())
    except OSError:  # No file, but something that stands in for one.
        yield sys.stderr
        return
    with os.fdopen(number, "w", 1, encoding=sys.stderr.encoding, errors="replace") as own:
        yield own


def _columns(terminal: TextIO) -> int | None:
    """Return how wide a terminal is; rich would ask descriptors that are turned aside."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns or None
    except OSError:
        return None


class _AsWritten(logging.Formatter):
    """The message as it was logged, without the job and run that Dagster writes before it."""

    def format(  # type: ignore[explicit-override] # typing.override is of 3.12
        self, record: logging.LogRecord
    ) -> str:
        """Return what the logging code wrote, on one line."""
        said = getattr(record, "dagster_meta", None)
        return one_line(str(said["orig_message"]) if said else record.getMessage())


@contextmanager
def _warnings_above(console: "Console") -> Iterator[None]:
    """Print warnings above the bars; what is below a warning goes to Dagster's log only."""
    from rich.logging import RichHandler

    handler = RichHandler(logging.WARNING, console, show_time=False, show_path=False)
    handler.setFormatter(_AsWritten())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def show_stages(outcome: Outcome) -> None:
    """Print per asset what was computed, what was reused and how long it took."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="stages", title_justify="left")
    table.add_column("asset")
    for name in ("computed", "reused", "seconds"):
        table.add_column(name, justify="right")
    for asset, counts in outcome.stages.items():
        numbers = (counts["computed"], counts["reused"])
        table.add_row(asset, *map(str, numbers), f"{counts['seconds']:.1f}")
    Console().print(table)


def show_metrics(rows: Sequence[dict[str, Any]]) -> None:
    """Print the metrics in percent, a row per method, with the bootstrap interval."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not rows:
        console.print("no ground truth, so no metrics")
        return
    title = f"mAP in %, dataset {rows[0]['dataset']}, protocol {rows[0]['protocol']}"
    table = Table(title=title, title_justify="left")
    table.add_column("method", no_wrap=True)
    for name in ("average", "95 % interval", *(name.removeprefix("mAP") for name in SHOWN[1:])):
        table.add_column(name, justify="right")
    for method in dict.fromkeys(row["method"] for row in rows):
        values = {row["metric"]: row for row in rows if row["method"] == method}
        if SHOWN[0] in values:
            table.add_row(method, *_cells(values))
    console.print(table)
    for sentence in filter(None, map(_sentence, rows)):
        console.print(sentence, markup=False)


def show_places(home: Home, dataset: Dataset) -> None:
    """Print where the results lie."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    if dataset.task != CAPTIONS:
        console.print(f"report   {home.reports / f'{dataset.name}.html'}", markup=False)
    console.print(f"results  {home.results}", markup=False)
    source = f"{METRICS[dataset.task]} where dataset = '{dataset.name}'"
    query = f"select method, metric, value, low, high from {source}"  # noqa: S608 - only shown
    console.print(f'         zs-dagster sql "{query}"', markup=False)


def show_segments(rows: Sequence[dict[str, Any]], videos: Sequence[dict[str, Any]]) -> None:
    """Print the segments found, best first in each video, and the files left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table("video", "action", title="segments", title_justify="left")
    for name in ("start", "end", "score"):
        table.add_column(name, justify="right")
    for row in rows:
        names = (Text(row["video_id"]), Text(row["label"]))
        table.add_row(
            *names, *map(clock, (row["start_s"], row["end_s"])), f"{row['score']:.2f}"
        )
    console.print(table if rows else "no action was found")
    show_left_out(videos)


def show_left_out(videos: Sequence[dict[str, Any]]) -> None:
    """Print the files of which nothing can be said, and why."""
    from rich.console import Console

    console = Console(highlight=False)
    for video in videos:
        if video["status"] != "ok":
            line = f"left out  {video['video_id']}: {video['reason']}"
            console.print(line, markup=False, soft_wrap=True)


def show_written(folder: Path, files: str, dataset: str) -> None:
    """Print where the answers lie, and the name that UI and SQL know them by."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    console.print(f"written  {folder}/{files}", markup=False)
    console.print(f"dataset  {dataset}  (in the UI, and in `zs-dagster sql`)", markup=False)


def clock(seconds: float) -> str:
    """Write a time the way players show it: 1:02:03.4, or 2:03.4 below an hour."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"
    return f"{hours}:{clock}" if hours else clock


def _cells(values: dict[str, dict[str, Any]]) -> list[str]:
    average = values[SHOWN[0]]
    interval = ""
    if average["low"] is not None:
        interval = f"{100 * average['low']:.1f} - {100 * average['high']:.1f}"
    cells = [f"{100 * values[name]['value']:.1f}" if name in values else "" for name in SHOWN]
    return [cells[0], interval, *cells[1:]]


def _sentence(row: dict[str, Any]) -> str:
    """Say in words what the table has no column for."""
    subject, is_ratio, baseline = row["metric"].partition("_over_")
    if is_ratio:
        text = f"{row['method']} has {row['value']:.2f} times the mAP of {baseline}"
        if row["low"] is None:
            return text
        return f"{text} (95 % interval {row['low']:.2f} to {row['high']:.2f})"
    if "_minus_" in row["metric"]:
        ends = "" if row["low"] is None else _points(row["low"], row["high"])
        other = row["metric"].partition("_minus_")[2]
        return f"{row['method']} minus {other}: {100 * row['value']:+.1f} points of mAP{ends}"
    if row["method"] == "class-filter":
        return f"{row['method']} {subject.removeprefix('filter_')} {row['value']:.1%}"
    return ""


def _points(low: float, high: float) -> str:
    return f" (95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
