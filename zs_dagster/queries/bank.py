"""A query bank: a YAML file with the questions of each class, written once by somebody."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from zs_dagster.digests import digest
from zs_dagster.errors import QueryError
from zs_dagster.queries.class_query import ClassQuery

FIELDS = frozenset({"prompt_name", "start_question", "end_question", "description"})


@dataclass(frozen=True)
class QueryBank:
    """A `QueryWriter` that looks the class up in a YAML mapping of label to texts.

    Attributes:
        path: The bank file.
    """

    path: Path

    @cached_property
    def entries(self) -> dict[str, Any]:
        """The mapping of the file, unchecked below its first level."""
        try:
            entries = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            raise QueryError(f"query bank '{self.path}' cannot be read: {reason}") from error
        if not isinstance(entries, dict):
            raise QueryError(f"query bank '{self.path}' must map class labels to questions")
        return entries

    def key(self, label: str) -> str:
        """Return the digest of the texts of a class, so that an edit is seen."""
        return digest("bank", self.path.name, label, self._texts(label))

    def write(self, label: str) -> ClassQuery:
        """Return the texts of a class."""
        return ClassQuery(label=label, source=f"bank:{self.path.name}", **self._texts(label))

    def _texts(self, label: str) -> dict[str, str]:
        texts = self.entries.get(label)
        if texts is None:
            raise QueryError(
                f"class '{label}' has no entry in the query bank '{self.path}'; "
                f"add one with {', '.join(sorted(FIELDS))}"
            )
        if (
            not isinstance(texts, dict)
            or set(texts) - FIELDS
            or FIELDS - set(texts) - {"prompt_name"}
        ):
            raise QueryError(
                f"class '{label}' in '{self.path}' must have {', '.join(sorted(FIELDS))} "
                f"(prompt_name may be left out), got {texts!r:.120}"
            )
        for name, text in texts.items():
            if not isinstance(text, str):
                raise QueryError(
                    f"class '{label}' in '{self.path}': {name} must be a text, got {text!r}; "
                    "put it in quotes"
                )
        return {"prompt_name": label, **texts}
