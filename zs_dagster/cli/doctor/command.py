"""`zs-dagster doctor`: is everything there, and is something left over?"""

import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from zs_dagster.cli.doctor import files, machine, models, runs
from zs_dagster.cli.failures import explained
from zs_dagster.cli.graph import fix_home
from zs_dagster.errors import ZsDagsterError
from zs_dagster.home import Home
from zs_dagster.lines import one_line

Check = Callable[[Home, bool], str]
# Dead runs first: what they left is an orphan only when they are known to be dead.
CHECKS: dict[str, Check] = {
    "packages": machine.packages,
    "device": machine.device,
    "codecs": machine.codecs,
    "home": machine.writable,
    "disk": machine.disk,
    "datasets": models.datasets,
    "weights": models.weights,
    "keys": models.keys,
    "runs": runs.killed_runs,
    "slots": runs.leaked_slots,
    "temporary": files.temporary_files,
    "trainings": files.trainings,
    "store": files.store_entries,
    "tables": files.table_files,
}


def doctor(
    *,
    fix: Annotated[
        bool,
        typer.Option("--fix", "--repair", help="End dead runs, free slots, clear files away."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this installation; status 1 if something is wrong.

    Every file of the store and the tables is read and compared with its digest.
    """
    home = fix_home()
    rows = [(name, *_attempt(check, home, fix)) for name, check in CHECKS.items()]
    if as_json:
        keys = ("check", "ok", "found")
        sys.stdout.write(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]) + "\n")
    else:
        lines = [f"{'ok ' if ok else 'BAD'}  {name:10} {found}\n" for name, ok, found in rows]
        sys.stdout.writelines(lines)
    if not all(ok for _, ok, _ in rows):
        raise typer.Exit(1)


def _attempt(check: Check, home: Home, fix: bool) -> tuple[bool, str]:
    try:
        return True, check(home, fix)
    except (ZsDagsterError, OSError, ImportError) as error:
        found = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        found = explained(error)
    return False, one_line(" ".join(found.split()))
