"""`zs-dagster doctor`: is everything there, and is something left over?"""

import json
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from zs_dagster.cli.graph import prepare_environment
from zs_dagster.errors import ZsDagsterError
from zs_dagster.home import Home

MIN_FREE_GB = 2.0
PACKAGES = ("dagster", "duckdb", "torch", "open_clip_torch", "transformers", "av")


def doctor(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="End dead runs, free slots.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this installation; status 1 if something is wrong."""
    home = prepare_environment()
    checks: dict[str, Callable[[Home], str]] = {
        "packages": _packages,
        "device": _device,
        "home": _writable,
        "disk": _disk,
        "datasets": _datasets,
        "demo weights": _demo_weights,
        "runs": _repaired if repair else _runs,
    }
    rows = [(name, *_attempt(check, home)) for name, check in checks.items()]
    if as_json:
        keys = ("check", "ok", "found")
        sys.stdout.write(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]) + "\n")
    else:
        lines = [f"{'ok ' if ok else 'BAD'}  {name:13} {found}\n" for name, ok, found in rows]
        sys.stdout.writelines(lines)
    if not all(ok for _, ok, _ in rows):
        raise typer.Exit(1)


def _attempt(check: Callable[[Home], str], home: Home) -> tuple[bool, str]:
    try:
        return True, check(home)
    except (ZsDagsterError, OSError, ImportError) as error:
        return False, " ".join(str(error).split())


def _packages(_: Home) -> str:
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def _device(_: Home) -> str:
    import torch

    if torch.cuda.is_available():
        return f"GPU {torch.cuda.get_device_name(0)}"
    return f"CPU, {torch.get_num_threads()} threads; fine for the demo, slow for real models"


def _writable(home: Home) -> str:
    probe = home.root / ".doctor"
    probe.touch()
    probe.unlink()
    return str(home.root)


def _disk(home: Home) -> str:
    free_gb = shutil.disk_usage(home.root).free / 1e9
    if free_gb < MIN_FREE_GB:
        raise ZsDagsterError(
            f"free disk must be at least {MIN_FREE_GB:g} GB, got {free_gb:.1f} GB at "
            f"'{home.root}'; free some, or set ZS_HOME to another disk"
        )
    return f"{free_gb:.0f} GB free"


def _datasets(home: Home) -> str:
    from zs_dagster.datasets.catalogue import load_catalogue

    return ", ".join(load_catalogue(home.datasets))


def _demo_weights(_: Home) -> str:
    from zs_dagster.models.profiles import load_profile

    profile = load_profile("demo")
    folders = [Path(profile.clip.model.partition(":")[2]), Path(profile.lvlm.model)]
    for folder in folders:
        if not any(folder.glob("*.safetensors")):
            raise ZsDagsterError(
                f"weights must lie in '{folder}'; check out the repository anew"
            )
    size = sum(path.stat().st_size for folder in folders for path in folder.iterdir())
    return f"{size / 1e6:.1f} MB"


def _runs(_: Home) -> str:
    import dagster as dg

    from zs_dagster.cli.runs import dead_runs

    with dg.DagsterInstance.get() as instance:
        dead = dead_runs(instance)
    if dead:
        names = ", ".join(run.run_id[:8] for run in dead)
        raise ZsDagsterError(
            f"{len(dead)} killed runs hold slots ({names}); doctor --repair ends them"
        )
    return "no killed run holds a slot"


def _repaired(_: Home) -> str:
    import dagster as dg

    from zs_dagster.cli.runs import end_dead_runs

    with dg.DagsterInstance.get() as instance:
        return f"{end_dead_runs(instance)} killed runs ended"
