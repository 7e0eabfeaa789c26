"""What faults leave in the home: temporary files, finished trainings, damaged entries."""

from collections.abc import Sequence
from pathlib import Path

from zs_dagster.cli.graph import open_instance
from zs_dagster.errors import ZsDagsterError
from zs_dagster.files import is_orphan, set_aside
from zs_dagster.home import Home
from zs_dagster.integrity import lying_aside

MODELS = "cezsar_training"


def temporary_files(home: Home, fix: bool) -> str:
    """Are there half-written files that no living run can be writing?"""
    is_any_alive = _is_any_run_alive()
    found = [path for path in home.root.rglob(".*.tmp*") if is_orphan(path, is_any_alive)]
    return _cleared("temporary files of killed runs", found, fix)


def trainings(home: Home, fix: bool) -> str:
    """Are there states of trainings whose model is stored? Unfinished ones are kept."""
    states = sorted(home.training.glob("*.safetensors"))
    done = [path for path in states if home.store.path(MODELS, path.stem, "json").is_file()]
    said = _cleared("states of finished trainings", done, fix)
    return f"{said}; {len(states) - len(done)} unfinished, to be gone on with"


def store_entries(home: Home, fix: bool) -> str:
    """Is every entry of the store what was written?"""
    files = home.store.files()
    size = sum(path.stat().st_size for path in files)
    _set_aside("store entries", list(home.store.damaged()), fix)
    aside = [path for path in lying_aside(home) if path.is_relative_to(home.store.root)]
    said = _cleared("damaged store entries", aside, fix)
    return f"{said} ({len(files)} entries, {size / 1e6:.1f} MB read)"


def table_files(home: Home, fix: bool) -> str:
    """Is every table what was written?"""
    _set_aside("tables", list(home.tables.damaged()), fix)
    aside = [path for path in lying_aside(home) if path.is_relative_to(home.tables.root)]
    return _cleared("damaged tables", aside, fix)


def _set_aside(what: str, damaged: Sequence[Path], fix: bool) -> None:
    if damaged and not fix:
        raise ZsDagsterError(
            f"{len(damaged)} {what} are damaged ('{damaged[0]}' first); doctor --fix deletes "
            "them, then run their datasets again to compute them anew"
        )
    for path in damaged:
        set_aside(path)


def _cleared(what: str, paths: Sequence[Path], fix: bool) -> str:
    """Delete files, or refuse them."""
    if not fix and paths:
        raise ZsDagsterError(f"{len(paths)} {what} ('{paths[0]}' first); doctor --fix deletes")
    for path in paths:
        path.unlink(missing_ok=True)
    return f"{len(paths)} {what}{' deleted' if paths else ''}"


def _is_any_run_alive() -> bool:
    from zs_dagster.cli.runs import living_runs

    with open_instance() as instance:
        return bool(living_runs(instance))
