"""Numbers that others published, with where they are from: data, one file per table."""

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

PACKAGE = "zs_dagster.evaluation"


class Record(BaseModel):
    """Data that ships with the package: complete, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(Record):
    """What decides what a number of localization may be compared with.

    Attributes:
        protocol: Thresholds and rules, a key of `PROTOCOLS`.
        videos: Name of a video set.
        classes: Name of a set of classes, or of divisions over which the mean is taken.
        candidates: Whether a method chooses the classes of a video or is told them.
    """

    protocol: str
    videos: str
    classes: str
    candidates: Literal["filtered", "known"]


class PublishedRow(Record):
    """One line of a table, in percent; ``cell`` is None where nothing of ours compares."""

    method: str
    percent: dict[str, float]
    sd: dict[str, float] = {}
    cell: Cell | None = None


class PublishedTable(Record):
    """One table.

    Attributes:
        title: Short name.
        dataset: Name of the dataset, or several.
        citation: Who published it.
        source: Where exactly the numbers are from.
        kind: ``published`` by its authors; ``reported`` by somebody else; ``measured`` from
            files its authors published.
        differs: What of theirs differs from a cell of ours although the protocol is the same.
        rows: In the order of the table.
    """

    title: str
    dataset: str
    citation: str
    source: str
    kind: Literal["published", "reported", "measured"]
    differs: str = ""
    rows: tuple[PublishedRow, ...]


class Comparable(Record):
    """A published row beside a cell of ours."""

    title: str
    row: PublishedRow
    source: str
    differs: str

    @property
    def short(self) -> str:
        """As a table shows it, such as ``T3AL0 4.6``, percent."""
        average = self.row.percent.get("average_mAP")
        return self.row.method if average is None else f"{self.row.method} {average:g}"


@cache
def published_tables() -> tuple[PublishedTable, ...]:
    """Return every table, by title."""
    folder = files(PACKAGE) / "published_tables"
    tables = [
        PublishedTable.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    ]
    return tuple(sorted(tables, key=lambda table: table.title))


def comparable(dataset: str, cell: Cell) -> list[Comparable]:
    """Return the published rows that a cell of a dataset may be compared with."""
    return [
        Comparable(title=table.title, row=row, source=table.source, differs=table.differs)
        for table in published_tables()
        for row in table.rows
        if table.dataset == dataset and row.cell == cell
    ]
