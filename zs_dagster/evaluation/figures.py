"""Which figures are drawn of every dataset: a table, `figures.yaml`, one row per figure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zs_dagster.evaluation.grid import Value

TABLE = Path(__file__).parent / "figures.yaml"
AVERAGE = "average_mAP"


@dataclass(frozen=True)
class Figure:
    """One parameter and the values it takes.

    Attributes:
        name: Key in the table `ablations`.
        title: For people.
        parameter: Of the method or the class filter, as in `zs-dagster sweep --grid`.
        axis: What the axis of the values is called.
        reading: What to read from it, one sentence.
        values: Settings.
        divisors: Settings as whole-number fractions of the present value.
        metrics: ``average_mAP``, or precision and recall of the class filter.
        source: Where published values are from.
        published: Setting -> published average mAP, a fraction.
    """

    name: str
    title: str
    parameter: str
    axis: str
    reading: str
    values: tuple[Value, ...] = ()
    divisors: tuple[int, ...] = ()
    metrics: tuple[str, ...] = (AVERAGE,)
    source: str = ""
    published: Mapping[Value, float] = field(default_factory=dict)

    def settings(self, present: float) -> tuple[Value, ...]:
        """Return the values, those relative to the present one included, rising."""
        return (*self.values, *(present / divisor for divisor in sorted(self.divisors)[::-1]))


def load_figures() -> tuple[Figure, ...]:
    """Return the figures in the order shown."""
    rows: list[dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    lists = ("values", "divisors", "metrics")
    return tuple(
        Figure(**row | {name: tuple(row[name]) for name in lists if name in row})
        for row in rows
    )
