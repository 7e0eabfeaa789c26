"""Texts as a bank file that a person can read, edit and give back."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from zs_dagster.errors import InputError
from zs_dagster.files import write_text
from zs_dagster.queries.bank import SECTIONS
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.kinds import MIDDLE, QUESTIONS

TEXTS = ("prompt_name", *QUESTIONS, MIDDLE, "description")
WIDTH = 1 << 20  # One line per text, however long.


def bank_text(queries: Sequence[ClassQuery]) -> str:
    """Write a query bank, each class below a comment with its source."""
    entries = [_entry(query) for query in queries]
    if SECTIONS.isdisjoint(query.label for query in queries):
        return "".join(entries)
    # A class of that name would be taken for the section.
    lines = "".join(entries).splitlines(keepends=True)
    return "classes:\n" + "".join(f"  {line}" for line in lines)


def export_bank(path: Path, queries: Sequence[ClassQuery]) -> None:
    """Write a query bank to a new file.

    Raises:
        InputError: If the file exists, since somebody may have edited it, or cannot be made.
    """
    if path.exists():
        raise InputError(f"--export needs a new file, '{path}' exists; give another name")
    try:
        write_text(path, bank_text(queries))
    except OSError as error:
        raise InputError(f"--export cannot write '{path}': {error.strerror}") from error


def _entry(query: ClassQuery) -> str:
    # One line each: YAML folds what breaks lines, and some of it comes back as a space.
    written = {name: getattr(query, name) for name in TEXTS}
    texts = {name: " ".join(text.split()) for name, text in written.items() if text}
    dumped = yaml.safe_dump(
        {query.label: texts}, sort_keys=False, allow_unicode=True, width=WIDTH
    )
    return f"# {' '.join(query.source.split())}\n{dumped}"
