"""`zs-dagster diff`: what differs between two runs, and how much the numbers do."""

import json
import sys
from typing import Annotated, Any

import typer

from zs_dagster.cli.graph import prepare_environment
from zs_dagster.cli.run_differences import (
    metric_differences,
    question_differences,
    setting_differences,
)
from zs_dagster.cli.run_history import find_run, runs
from zs_dagster.cli.run_pairs import paired_intervals

Row = dict[str, Any]


def diff(
    first: Annotated[str, typer.Argument(help="Run id, the beginning of one, last or last~1.")],
    second: Annotated[str, typer.Argument(help="The run to compare with it.")],
    *,
    dataset: Annotated[
        str | None, typer.Option(help="Whose runs `last` counts; by default the last one's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two runs: settings, questions, models, code, numbers; second minus first."""
    home = prepare_environment()
    known = runs(home, dataset)
    pair = (find_run(known, first), find_run(known, second))
    document = {
        "first": {
            "run_id": pair[0].run_id,
            "dataset": pair[0].dataset,
            "time": pair[0].created_at,
        },
        "second": {
            "run_id": pair[1].run_id,
            "dataset": pair[1].dataset,
            "time": pair[1].created_at,
        },
        "settings": setting_differences(*pair),
        "questions": question_differences(*pair),
        "metrics": metric_differences(*pair),
        "intervals": paired_intervals(*pair),
    }
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    else:
        _show(document)


def _show(document: Row) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for side in ("first", "second"):
        said = document[side]
        line = f"{side:8} {said['run_id']}  {said['dataset']}  {said['time']}"
        console.print(line, markup=False)
    for title, columns in (
        ("settings", ("what", "first", "second")),
        ("questions", ("class", "text", "first", "second")),
    ):
        _table(title, columns, document[title])
    _table(
        "metrics", ("method", "split", "metric", "first", "second", "delta"), _changed(document)
    )
    _table("intervals", ("method", "delta", "low", "high"), document["intervals"])


def _changed(document: Row) -> list[Row]:
    """Return the numbers that changed; equal ones help nobody decide."""
    return [row for row in document["metrics"] if row["delta"] != 0]


def _table(title: str, columns: tuple[str, ...], rows: list[Row] | str) -> None:
    """Print a table, or the sentence that stands for it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if isinstance(rows, str) or not rows:
        console.print(f"{title}: {rows or 'no difference'}", markup=False, soft_wrap=True)
        return
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else str(value)
