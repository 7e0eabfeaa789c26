"""`zs-dagster status`: what is fresh, stale or missing, and why."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zs_dagster.cli.console import warn_of_broken
from zs_dagster.cli.graph import open_instance, prepare_environment
from zs_dagster.cli.staleness import stages
from zs_dagster.datasets.catalogue import AD_HOC_PREFIXES, find_dataset, load_catalogue
from zs_dagster.home import Home

if TYPE_CHECKING:
    from assets.automation.staleness import Freshness


def status(
    dataset: Annotated[
        str | None, typer.Argument(help="Name of a dataset; all that were run if none.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say per stage what is fresh, stale or missing, and why; computes nothing."""
    home = prepare_environment()
    if dataset is None:
        _overview(home, as_json=as_json)
        return
    find_dataset(load_catalogue(home.datasets), dataset)
    found = _stages([dataset])[dataset]
    if as_json:
        _print({name: asdict(one) for name, one in found.items()})
        return
    table = Table("stage", "state", "why")
    for name, one in found.items():
        table.add_row(name, one.state, one.why)
    Console().print(table)


def _overview(home: Home, *, as_json: bool) -> None:
    """Say how many stages of each dataset are fresh; those never run are left out."""
    catalogue = load_catalogue(home.datasets)
    warn_of_broken(catalogue)
    names = [name for name in catalogue if not name.startswith(AD_HOC_PREFIXES)]
    counts = {
        name: dict(Counter(one.state for one in found.values()))
        for name, found in _stages([n for n in names if _was_run(home, n)]).items()
    }
    if as_json:
        _print(counts)
        return
    table = Table("dataset", "fresh", "stale", "missing")
    for name, count in counts.items():
        table.add_row(name, *(str(count.get(s, 0)) for s in ("fresh", "stale", "missing")))
    Console().print(table)


def _stages(datasets: list[str]) -> "dict[str, dict[str, Freshness]]":
    with open_instance() as instance:
        return {name: stages(instance, name) for name in datasets}


def _was_run(home: Home, dataset: str) -> bool:
    return home.tables.has("videos", dataset)


def _print(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
