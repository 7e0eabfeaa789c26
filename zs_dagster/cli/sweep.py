"""`zs-dagster sweep`: many settings of a method, evaluated from scores that exist."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from zs_dagster.cli import console
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.cli.run import check_json_file
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import DatasetError
from zs_dagster.evaluation.bootstrap import Interval, Resampling
from zs_dagster.evaluation.grid import Point, parse_grid, points
from zs_dagster.evaluation.protocols import LocalizationProtocol, get_protocol
from zs_dagster.evaluation.sweep import OPTIMISTIC, SweepResult, sweep, with_intervals
from zs_dagster.files import write_text
from zs_dagster.home import Home

WITH_INTERVALS = 5
Grid = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUES",
        help="confidence_weight=0:1:0.1 or top_fraction=.1,.2,.35, once per parameter: one of "
        "the method, top_k, filter_frames, filter_text, or fps (a part of the scored rate).",
    ),
]


@dataclass(frozen=True)
class Sweep:
    """What a sweep found: the settings best first, the first few with intervals."""

    dataset: str
    method: str
    protocol: LocalizationProtocol
    present: SweepResult
    results: Sequence[SweepResult]

    @property
    def warning(self) -> str:
        """What the best number is not."""
        return OPTIMISTIC.format(n=len(self.results))


def sweep_grid(
    dataset: Annotated[str, typer.Argument(help="Name of a localization dataset that ran.")],
    *,
    grid: Grid = None,
    method: Annotated[
        str | None, typer.Option(help="Method of the dataset; its first one by default.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Settings to print.")] = 20,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all settings here.")
    ] = None,
) -> None:
    """Evaluate every combination of parameters from cached scores; nothing is scored anew."""
    started = time.monotonic()
    settings = points(parse_grid(grid or []))
    check_json_file(json_file)
    home = prepare_environment()
    described = find_dataset(load_catalogue(home.datasets), dataset)
    if described.task != "localization":
        raise DatasetError(
            f"dataset '{dataset}' is for {described.task}: sweep evaluates localization only"
        )
    found = _swept(home, described, method, settings)
    _show(found, rows)
    if json_file is not None:
        document = _document(found) | {"seconds": round(time.monotonic() - started, 2)}
        write_text(json_file, json.dumps(document, indent=1) + "\n")


def _swept(
    home: Home, dataset: Dataset, method: str | None, settings: Sequence[Point]
) -> Sweep:
    from assets.cached_predictions import CachedPredictions
    from assets.cached_scores import read_scores

    name = method or next(iter(dataset.localization.methods))
    scores = read_scores(home, dataset)
    predict = CachedPredictions(scores, name)
    predict.check([{}, *settings])
    protocol = get_protocol(dataset.localization.protocol)
    given = (predict, scores.truth, protocol)
    with console.progress():
        results = sweep(settings, *given)
    (present, *best) = with_intervals(
        [*sweep([{}], *given), *results[:WITH_INTERVALS]], *given, Resampling()
    )
    return Sweep(dataset.name, name, protocol, present, [*best, *results[WITH_INTERVALS:]])


def _show(found: Sweep, rows: int) -> None:
    """Print the best settings, the present one, and what to beware of."""
    from rich.console import Console
    from rich.table import Table

    title = (
        f"average mAP in %, method {found.method} of {found.dataset}, {len(found.results)} "
        "settings, best first"
    )
    names = list(found.results[0].point)
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for column in ("average", "95 % interval", "gain", "95 % interval"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in found.results[:rows]:
        table.add_row(*map(str, result.point.values()), *_cells(result))
    table.add_section()
    table.add_row("present", *[""] * (len(names) - 1), *_cells(found.present)[:2])
    screen = Console(highlight=False)
    screen.print(table)
    if len(found.results) > rows:
        screen.print(f"{len(found.results) - rows} more settings: --rows, or --json FILE")
    screen.print("gain: average mAP less that of the present setting, on the same videos")
    screen.print(f"warning: {found.warning}", markup=False)


def _cells(result: SweepResult) -> list[str]:
    difference = result.difference
    gain = "" if difference is None else f"{100 * difference.value:+.1f}"
    average = f"{100 * result.average_map:.1f}"
    return [average, _ends(result.interval, ""), gain, _ends(difference, "+")]


def _ends(interval: Interval | None, sign: str) -> str:
    if interval is None:
        return ""
    return f"{100 * interval.low:{sign}.1f} to {100 * interval.high:{sign}.1f}"


def _document(found: Sweep) -> dict[str, Any]:
    return {
        "dataset": found.dataset,
        "method": found.method,
        "protocol": found.protocol.name,
        "present": _said(found, found.present),
        "points": [_said(found, result) for result in found.results],
        "warning": found.warning,
    }


def _said(found: Sweep, result: SweepResult) -> dict[str, Any]:
    at = zip(found.protocol.thresholds, result.map_at, strict=True)
    said: dict[str, Any] = {
        "setting": dict(result.point),
        "average_mAP": result.average_map,
        "mAP": {f"{tiou:g}": value for tiou, value in at},
    }
    for name in ("interval", "difference"):
        interval = getattr(result, name)
        if interval is not None:
            ends = {"low": interval.low, "high": interval.high}
            said[name] = {"value": interval.value, **ends}
    return said
