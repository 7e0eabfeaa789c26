"""Where one file was damaged, others may be: look at all, and set aside what is."""

from pathlib import Path

from zs_dagster.files import DAMAGED, set_aside
from zs_dagster.home import Home


def set_aside_damaged(home: Home) -> list[Path]:
    """Verify every file of store and tables; returns those that were damaged, by old name.

    What is set aside counts as absent, so that the next run computes it anew.
    """
    found = [*home.store.damaged(), *home.tables.damaged()]
    for path in found:
        set_aside(path)
    return found


def lying_aside(home: Home) -> list[Path]:
    """Return the damaged files that were set aside, now or before, sorted."""
    roots = (home.store.root, home.tables.root)
    return sorted(path for root in roots for path in root.rglob(f"*{DAMAGED}"))
