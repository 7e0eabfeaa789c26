"""`zs-dagster published`: the numbers of the papers, with where they are from."""

import json
import sys
from typing import Annotated

import typer

from zs_dagster.evaluation.published import PublishedRow, PublishedTable, published_tables


def published(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print published tables beside which `evaluate localization --matrix` puts ours."""
    tables = published_tables()
    if as_json:
        content = [table.model_dump(mode="json") for table in tables]
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(map(_as_text, tables)))


def _as_text(table: PublishedTable) -> str:
    names = list(dict.fromkeys(name for row in table.rows for name in row.percent))
    methods = [_method(row) for row in table.rows]
    width = max(map(len, methods))
    widths = [max(len(name), 11) for name in names]
    heading = "  ".join(name.rjust(size) for name, size in zip(names, widths, strict=True))
    lines = [
        f"{table.title} ({table.dataset}; {table.kind}; percent)",
        f"  {table.citation}",
        f"  {table.source}",
        f"  {'':{width}}  {heading}",
    ]
    for row, method in zip(table.rows, methods, strict=True):
        cells = [
            _number(row.percent.get(name), row.sd.get(name)).rjust(size)
            for name, size in zip(names, widths, strict=True)
        ]
        lines.append(f"  {method:{width}}  {'  '.join(cells)}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _method(row: PublishedRow) -> str:
    """Name a row, with the classes and candidates it was scored on where that is known."""
    cell = row.cell
    return row.method if cell is None else f"{row.method} [{cell.classes}, {cell.candidates}]"


def _number(percent: float | None, sd: float | None) -> str:
    if percent is None:
        return "-"
    return f"{percent:g}" if sd is None else f"{percent:g} ± {sd:g}"
