"""The runs whose metrics are kept, and what each of them says about itself."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.home import Home

HISTORY = {"localization": "metrics_history", "classification": "classification_history"}
LAST = re.compile(r"^last(?:~(\d+))?$")
Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run with metrics.

    Attributes:
        home: Where its rows and its card lie.
        dataset: What was run.
        task: Of the dataset.
        run_id: Of Dagster.
    """

    home: Home
    dataset: str
    task: str
    run_id: str

    @cached_property
    def rows(self) -> list[Row]:
        """Its metrics."""
        return self.home.tables.rows(HISTORY[self.task], self.dataset, self.run_id)

    @property
    def created_at(self) -> str:
        """When its metrics were computed; empty where there are none."""
        return str(self.rows[0]["created_at"]) if self.rows else ""

    @cached_property
    def card(self) -> Row | None:
        """Its provenance card; none where it is gone or damaged, or was never kept."""
        try:
            text = (self.home.provenance / f"{self.run_id}.json").read_text(encoding="utf-8")
            card = json.loads(text)
        except (OSError, ValueError):
            return None
        return card if isinstance(card, dict) else None


def runs(home: Home, dataset: str | None = None) -> list[Run]:
    """Return the runs of a dataset, or of all, the newest first."""
    found = [
        Run(home, folder.name, task, part)
        for task, table in HISTORY.items()
        for folder in sorted((home.tables.root / table).glob("*"))
        if folder.is_dir() and dataset in (None, folder.name)
        for part in home.tables.parts(table, folder.name)
    ]
    return sorted(found, key=lambda run: (run.created_at, run.run_id), reverse=True)


def find_run(known: Sequence[Run], wanted: str) -> Run:
    """Return the run that is meant: an id, the beginning of one, ``last`` or ``last~2``.

    Args:
        known: The newest first. ``last~2`` is the second one before the last of its dataset.
        wanted: As the user wrote it.

    Raises:
        InputError: If there is none, or several begin so.
    """
    if not known:
        raise InputError("no run with metrics is kept yet; `zs-dagster run DATASET` first")
    if match := LAST.match(wanted):
        same, back = (
            [run for run in known if run.dataset == known[0].dataset],
            int(match[1] or 0),
        )
        if back >= len(same):
            raise InputError(
                f"'{wanted}' goes back too far: {len(same)} runs of '{same[0].dataset}' are "
                "kept"
            )
        return same[back]
    found = [run for run in known if wanted and run.run_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{len(found)} runs begin with '{wanted}'; write more of the id")
    newest = ", ".join(f"{run.run_id[:8]} ({run.dataset})" for run in known[:5])
    raise InputError(f"no run begins with '{wanted}'; the newest are {newest}")
