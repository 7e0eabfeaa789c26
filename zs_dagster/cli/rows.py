"""Rows of any table in the terminal: a row is a line, however many columns there are."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from zs_dagster.lines import one_line

BORDERS = 3  # Characters beside a cell.
MIN_CUT = 20  # A cell is cut to no fewer characters, so that it still says something.
Row = tuple[Any, ...]
Length = Callable[[str], int]


class Fit(NamedTuple):
    """What of a table fits a terminal.

    Attributes:
        shown: Places of the columns to show.
        same: Places of those that need no column, as each row says the same.
        cut: Characters to which longer cells are cut.
    """

    shown: list[int]
    same: list[int]
    cut: int


def show_rows(names: Sequence[str], rows: Sequence[Row]) -> None:
    """Print rows, and below them what the width of the terminal leaves no column for."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    cells = [[_cell(value) for value in row] for row in rows]
    columns = [[name, *column] for name, *column in zip(names, *cells, strict=True)]
    fit = fitting(columns, console.width, cell_len)
    table = Table()
    for place in fit.shown:
        table.add_column(Text(names[place]), no_wrap=True, max_width=fit.cut)
    for row in cells:
        table.add_row(*[Text(row[place]) for place in fit.shown])
    console.print(table)
    for place in fit.same:
        line = Text(f"{names[place]} in every row: {cells[0][place]}")
        console.print(line, no_wrap=True, overflow="ellipsis")
    left = [name for place, name in enumerate(names) if place not in {*fit.shown, *fit.same}]
    if left:
        console.print(
            f"{len(left)} of {len(names)} columns left out: {', '.join(left)}; select columns "
            "by name, widen the terminal, or --json shows all",
            markup=False,
            soft_wrap=True,
        )


def fitting(columns: Sequence[Sequence[str]], width: int, length: Length = len) -> Fit:
    """Choose what to show: all, else what differs between rows, else the first columns of it.

    Args:
        columns: Per column its name and its cells.
        width: Of the terminal, characters.
        length: Of a text, characters of the terminal.
    """
    shown = list(range(len(columns)))
    natural = [max(map(length, column)) for column in columns]
    if _width([natural[place] for place in shown]) <= width:
        return Fit(shown, [], width)
    same = [p for p in shown if len(columns[p]) > 2 and len(set(columns[p][1:])) == 1]
    # Where all rows are equal, one of them is worth more than no table.
    shown = [place for place in shown if place not in same] or shown[:1]
    same = [place for place in same if place not in shown]
    while len(shown) > 1 and _width([min(natural[p], MIN_CUT) for p in shown]) > width:
        shown.pop()
    cuts = range(MIN_CUT, max(width, MIN_CUT + 1))
    fits = [cut for cut in cuts if _width([min(natural[p], cut) for p in shown]) <= width]
    return Fit(shown, same, max(fits, default=MIN_CUT))


def _width(cells: Sequence[int]) -> int:
    return sum(cells) + BORDERS * len(cells) + 1


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else one_line(str(value))
