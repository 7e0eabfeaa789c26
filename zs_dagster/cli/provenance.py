"""`zs-dagster provenance`: where a number comes from, all that is needed to get it again."""

import json
import sys
from typing import Annotated, Any

import typer

from zs_dagster.cli.graph import prepare_environment
from zs_dagster.cli.run_history import Run, find_run, runs
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.errors import InputError

NO_CARD = "none at '{}': deleted, damaged, or the run is older than cards"
MAX_SHOWN = 3
Row = dict[str, Any]


def provenance(
    dataset: Annotated[str, typer.Argument(help="Name of a dataset that was run.")],
    *,
    method: Annotated[str | None, typer.Option(help="Only this method.")] = None,
    metric: Annotated[str | None, typer.Option(help="Only this number: average_mAP.")] = None,
    wanted: Annotated[
        str, typer.Option("--run", help="Id, the beginning of one, last or last~1.")
    ] = "last",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole card.")] = False,
) -> None:
    """Show what made the numbers of a run: models, questions, parameters, code, data."""
    home = prepare_environment()
    known = runs(home, dataset)
    if not known:
        find_dataset(load_catalogue(home.datasets), dataset)
        raise InputError(
            f"dataset '{dataset}' has no metrics yet; `zs-dagster run {dataset}` first"
        )
    run = find_run(known, wanted)
    rows, card = _rows(run, method, metric), _card(run, method)
    if as_json:
        document = {"rows": rows, "card": card}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    else:
        _show(run, rows, card)


def _rows(run: Run, method: str | None, metric: str | None) -> list[Row]:
    """Return the numbers asked for."""
    rows = run.rows
    for name, value in (("method", method), ("metric", metric)):
        kept = [row for row in rows if value in (None, row[name])]
        if rows and not kept:
            names = ", ".join(dict.fromkeys(row[name] for row in rows))
            raise InputError(f"--{name} must be one of {names}, got '{value}'")
        rows = kept
    return rows


def _card(run: Run, method: str | None) -> Row | None:
    """Return the card, of one method if that is asked for."""
    if run.card is None or method is None:
        return run.card
    methods = {k: v for k, v in run.card["methods"].items() if k == method}
    return {**run.card, "methods": methods}


def _show(run: Run, rows: list[Row], card: Row | None) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        interval = "" if row["low"] is None else f"  [{row['low']:.4f}, {row['high']:.4f}]"
        name = f"{row['method']} {row['split']} {row['metric']}"
        console.print(f"{name:40} {row['value']:.4f}{interval}", markup=False)
    for key, value in _facts(run, card).items():
        console.print(f"{key:12} {value}", markup=False)


def _facts(run: Run, card: Row | None) -> dict[str, str]:
    facts = {"run": run.run_id, "time": run.created_at}
    place = run.home.provenance / f"{run.run_id}.json"
    if card is None:
        row = run.rows[0] if run.rows else {}
        names = ("clip", "lvlm", "queries", "git_commit")
        known = {name: str(row[name]) for name in names if name in row}
        return {**facts, **known, "card": NO_CARD.format(place)}
    models, queries = card["models"], card["queries"]
    stale = [name for name, said in card["lineage"].items() if said["stale_inputs"]]
    asked = queries["classes"][:MAX_SHOWN]
    return {
        **facts,
        "code": ", ".join(f"{name} {value}" for name, value in card["code"].items()),
        **{name: _compact(models[name]) for name in ("clip", "lvlm") if name in models},
        "options": _compact(card["options"]),
        **{f"method {name}": text for name, text in card["methods"].items()},
        "questions": f"{len(queries['classes'])} classes, digest {queries['digest']}",
        **{f"  {q['label']}": f"{q['start_question']} / {q['end_question']}" for q in asked},
        "videos": f"{len(card['videos'])}, by content",
        "stale": f"computed from older inputs: {', '.join(stale)}" if stale else "nothing",
        "card": f"{place} (all of it: --json)",
    }


def _compact(said: object) -> str:
    return json.dumps(said, ensure_ascii=False)
