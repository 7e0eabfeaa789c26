"""A query bank: a YAML file with the questions of each class, written once by somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from zs_dagster.digests import digest
from zs_dagster.errors import QueryError
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.kinds import FIELDS, Place, expanded, texts_of
from zs_dagster.queries.loader import UniqueKeyLoader

SECTIONS = frozenset({"kinds", "classes"})


def same_label(label: str) -> str:
    """Return what all spellings of a label share: "GolfSwing", "golf swing", "Golf_swing"."""
    return "".join(letter for letter in label.casefold() if letter.isalnum())


@dataclass(frozen=True)
class QueryBank:
    """Finds a class in a YAML mapping of label to texts.

    A file with ``kinds`` or ``classes`` at its top may say what a class is a kind of; any
    other file maps labels to texts.

    Attributes:
        path: The bank file.
        name: How the bank is called in the source of a query; ``bank:FILE`` if empty.
    """

    path: Path
    name: str = ""

    def find(self, label: str, prompt_name: str) -> ClassQuery | None:
        """Return the query of a class, or None if the bank has no entry for it.

        Args:
            label: Exact label; another spelling of it in the file will do.
            prompt_name: The class in prompts where the entry does not say it.

        Raises:
            QueryError: If the file or the entry breaks a rule.
        """
        written = self._written(label)
        if written is None:
            return None
        entry, place = self.entries[written], Place(self.path, f"class '{written}'")
        source, texts = self.name or f"bank:{self.path.name}", entry
        if isinstance(entry, dict) and "kind" in entry:
            texts, source = expanded(entry, self.kinds, place), f"{source} ({entry['kind']})"
        named: dict[str, Any] = {"prompt_name": prompt_name, **texts_of(texts, place)}
        try:
            return ClassQuery(label=label, source=source, **named)
        except QueryError as error:
            raise QueryError(f"query bank '{self.path}': {error}") from error

    def unused(self, labels: Sequence[str]) -> list[str]:
        """Return the classes of the bank that are none of the labels, for a warning."""
        known = {same_label(label) for label in labels}
        return [written for written in self.entries if same_label(written) not in known]

    def key(self, label: str) -> str:
        """Return the digest of the texts of a class, so that an edit is seen."""
        query = self.write(label)
        return digest("bank", query.texts())

    def write(self, label: str) -> ClassQuery:
        """Return the texts of a class; raises `QueryError` if the bank has none."""
        query = self.find(label, label)
        if query is None:
            raise QueryError(
                f"class '{label}' has no entry in the query bank '{self.path}'; "
                f"add one with {', '.join(sorted(FIELDS))}"
            )
        return query

    @cached_property
    def entries(self) -> dict[str, Any]:
        """Label -> entry, unchecked below the label."""
        section = self._file.get("classes") if self._has_sections else self._file
        return self._section("classes", section)

    @cached_property
    def kinds(self) -> dict[str, Any]:
        """Kind of action -> its patterns, unchecked below the kind."""
        return self._section("kinds", self._file.get("kinds") if self._has_sections else {})

    def _written(self, label: str) -> str | None:
        return label if label in self.entries else self._spellings.get(same_label(label))

    @cached_property
    def _spellings(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for label in self.entries:
            found.setdefault(same_label(label), label)
        found.pop("", None)
        return found

    @property
    def _has_sections(self) -> bool:
        return not SECTIONS.isdisjoint(self._file)

    @cached_property
    def _file(self) -> dict[Any, Any]:
        try:
            content = yaml.load(self.path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)  # noqa: S506
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            raise QueryError(f"query bank '{self.path}' cannot be read: {reason}") from error
        if not isinstance(content, dict):
            raise QueryError(f"query bank '{self.path}' must map class labels to questions")
        unknown = [key for key in content if key not in SECTIONS]
        if unknown and not SECTIONS.isdisjoint(content):
            raise QueryError(
                f"query bank '{self.path}' has 'kinds' or 'classes' at its top, so "
                f"'{unknown[0]}' must stand below 'classes'"
            )
        return content

    def _section(self, name: str, section: object) -> dict[str, Any]:
        if section is None:
            return {}
        if not isinstance(section, dict):
            raise QueryError(f"query bank '{self.path}': {name} must be a mapping")
        wrong = [key for key in section if not isinstance(key, str)]
        if wrong:
            raise QueryError(
                f"query bank '{self.path}': {name} has the name {wrong[0]!r}, which YAML does "
                "not read as a text; put it in quotes"
            )
        return section
