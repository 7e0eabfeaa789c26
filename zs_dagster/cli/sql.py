"""`zs-dagster sql`: ask the published results."""

import json
import re
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from zs_dagster.errors import InputError
from zs_dagster.home import Home

EXAMPLE = "from localization_metrics"
# DuckDB's kinds of statements. PIVOT is several, and so is a COPY of a PIVOT; IMPORT a PRAGMA.
KINDS = frozenset({"SELECT", "EXPLAIN", "PRAGMA", "MULTI"})
QUESTIONS = (
    *("from", "select", "with", "values", "table", "describe", "desc", "summarize", "show"),
    *("pivot", "unpivot", "explain", "pragma"),
)
PLAN = ["explain_key", "explain_value"]
EXPLANATIONS = frozenset({"explain", "analyze", "analyse", "format", "json", "text", "html"})


class SqlCommand(TyperCommand):
    """Takes a query that begins with a comment, `-- why`, as a query, not as an option."""

    ignore_unknown_options = True


def sql(
    query: Annotated[str, typer.Argument(help=f"SQL, for example: {EXAMPLE}")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
) -> None:
    """Query the results database, read-only."""
    names, rows = _ask(query)
    if as_json:
        records = [dict(zip(names, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(records, default=str, indent=1) + "\n")
    else:
        _print(names, rows)


def _ask(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    import duckdb

    path = Home.from_environment().results
    if not path.is_file():
        raise InputError(f"there are no results in '{path}' yet; run `zs-dagster demo` first")
    try:
        _check(query)
        with duckdb.connect(str(path), read_only=True) as connection:
            # Some functions that are asked for like tables would write logs and profiles.
            connection.execute("set lock_configuration = true")
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            return names, cursor.fetchall()
    except duckdb.Error as error:
        raise InputError(f"the query failed: {error}") from error


def _check(query: str) -> None:
    """Refuse what is not one question: a read-only database may still be copied to files."""
    import duckdb

    statements = duckdb.extract_statements(query)
    if not statements:
        raise InputError(f"sql needs a question, got '{query}'; for example: {EXAMPLE}")
    if len(statements) > 1:
        raise InputError(f"sql takes one statement, got {len(statements)}; ask one at a time")
    kind, word = statements[0].type.name, _first_word(query)
    if kind not in KINDS or word not in QUESTIONS:
        raise InputError(
            f"sql is read-only: it takes questions ({', '.join(QUESTIONS)}), "
            f"got {kind if word in QUESTIONS else word.upper()}; for a file "
            "write `zs-dagster sql --json QUESTION > FILE`, or see `zs-dagster export`"
        )


def _first_word(query: str) -> str:
    """Return what a query begins with; of an explanation, what it explains and may run."""
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", query.lower(), flags=re.DOTALL)
    words: list[str] = re.findall(r"\w+", bare)
    if words[0] == "explain":
        words = [word for word in words if word not in EXPLANATIONS] or words
    return words[0]


def _print(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    from zs_dagster.cli.rows import show_rows

    if names == PLAN:
        # A drawing of several lines, not a cell.
        sys.stdout.writelines(f"{text}\n" for _, text in rows)
    else:
        show_rows(names, rows)
