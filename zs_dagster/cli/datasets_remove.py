"""`zs-dagster datasets remove`: datasets of the user's home, with what was made of them."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from zs_dagster.cli.graph import only_run_of, prepare_environment
from zs_dagster.datasets.catalogue import AD_HOC_PREFIXES, Catalogue, load_catalogue
from zs_dagster.datasets.removal import belongings, check_unneeded, delete
from zs_dagster.errors import InputError
from zs_dagster.home import Home

# A dataset that a person called `locate-kitchen` is theirs.
AD_HOC = re.compile(rf"(?:{'|'.join(AD_HOC_PREFIXES)})[0-9a-f]{{8}}")
DAY_S = 86_400


def remove(
    names: Annotated[list[str] | None, typer.Argument(help="Names of datasets.")] = None,
    *,
    ad_hoc: Annotated[
        bool, typer.Option("--ad-hoc", help="All that `locate` and `classify` made.")
    ] = False,
    older_than: Annotated[
        float | None,
        typer.Option(metavar="DAYS", help="Of these, only those not asked for so many days."),
    ] = None,
) -> None:
    """Remove datasets of your home: description, tables, report; videos and features stay."""
    home = prepare_environment()
    _check(names, older_than, ad_hoc=ad_hoc)
    catalogue = load_catalogue(home.datasets)
    chosen = list(dict.fromkeys(names or _ad_hoc(catalogue, older_than or 0)))
    found = {name: belongings(home, catalogue, name) for name in chosen}
    check_unneeded(catalogue, chosen, [path for paths in found.values() for path in paths])
    with ExitStack() as held:
        for name in chosen:
            held.enter_context(only_run_of(name))
        for name, paths in found.items():
            delete(paths)
            sys.stdout.write(f"removed  {name}: {_said(home, paths)}\n")
    if found:
        _publish_anew(home)
    else:
        sys.stdout.write("there is none to remove\n")


def _check(names: Sequence[str] | None, older_than: float | None, *, ad_hoc: bool) -> None:
    if bool(names) == ad_hoc:
        raise InputError("give names of datasets, or --ad-hoc; and not both")
    if older_than is not None and not ad_hoc:
        raise InputError("--older-than is for --ad-hoc; leave it out")
    if older_than is not None and not older_than >= 0:
        raise InputError(f"--older-than must be >= 0 days, got {older_than:g}")


def _ad_hoc(catalogue: Catalogue, days: float) -> Iterator[str]:
    """Yield the datasets made on the way; each time one is asked for, its file is written."""
    latest = time.time() - days * DAY_S
    for path, name in catalogue.files.items():
        if AD_HOC.fullmatch(name) and path.stat().st_mtime <= latest:
            yield name


def _said(home: Home, paths: Sequence[Path]) -> str:
    """Name what was removed; tables are counted."""
    tables = [path for path in paths if path.is_relative_to(home.tables.root)]
    said = [str(path.relative_to(home.root)) for path in paths if path not in tables]
    if tables:
        said.insert(0, f"{len(tables)} table{'s' if len(tables) > 1 else ''}")
    return ", ".join(said)


def _publish_anew(home: Home) -> None:
    """Take the rows out of the published results, which are always made as a whole."""
    from zs_dagster.results_database import ResultsDatabase

    if home.results.is_file():
        ResultsDatabase(home.results).publish(home.tables.root)
