"""What a plan is made of: the units of each stage, and tables that exist in memory only."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import override

from zs_dagster.datasets.description import Dataset
from zs_dagster.home import Home
from zs_dagster.tables import WHOLE, Row, Tables
from zs_dagster.video.header import Header


@dataclass
class StagePlan:
    """What one asset would do; units are those of its ``computed`` and ``reused``.

    Attributes:
        to_compute: Units of work that are not in the store.
        reused: Units that are.
        lvlm_forwards: Frames for the LVLM, all questions of one in one forward.
        lvlm_forwards_naive: The same if each question takes a forward of its own.
        tflop: Of the models, in the shared mode; none where it cannot be told.
        tflop_naive: The same in the naive mode.
        hours: At the speed of earlier runs; none where there was none.
        notes: What was assumed, and why a number is missing.
    """

    to_compute: int
    reused: int
    lvlm_forwards: int = 0
    lvlm_forwards_naive: int = 0
    tflop: float | None = 0.0
    tflop_naive: float | None = 0.0
    hours: float | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.to_compute:
            self.hours = 0.0


@dataclass(frozen=True)
class PlannedTables(Tables):
    """Tables that exist in memory only."""

    planned: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)

    @override
    def each_row(self, table: str, dataset: str, part: str = WHOLE) -> Iterator[dict[str, Any]]:
        """Yield the planned rows of a table; callers may change them."""
        yield from ({"dataset": dataset, **row} for row in self.planned[table])

    @override
    def write(self, table: str, dataset: str, rows: Iterable[Row], part: str = WHOLE) -> None:
        """Refuse: a plan writes nothing."""
        raise AssertionError(f"a dry run must not write '{table}'")


@dataclass(frozen=True)
class PlannedHome(Home):
    """A home whose tables are planned and whose store is the real one.

    Attributes:
        planned: Table -> rows, filled stage by stage.
    """

    planned: dict[str, list[dict[str, Any]]]

    @property
    @override
    def tables(self) -> Tables:
        """The planned tables."""
        return PlannedTables(self.root / "tables", self.planned)


@dataclass(frozen=True)
class Inputs:
    """What is known of a dataset before its run.

    Attributes:
        dataset: Its description.
        home: Tables as the run would write them, as far as that is known; the real store.
        headers: New files with what their header claims.
        is_drawn: Whether no video is still to be drawn.
    """

    dataset: Dataset
    home: PlannedHome
    headers: Mapping[Path, Header]
    is_drawn: bool
