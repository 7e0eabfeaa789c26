"""The entry of a class in a bank: texts, or a kind of action whose patterns have {slots}."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from zs_dagster.errors import QueryError

FIELDS = frozenset({"prompt_name", "start_question", "end_question", "description"})
QUESTIONS = ("start_question", "end_question")
MIDDLE = "middle_question"
OPTIONAL = frozenset({"prompt_name", MIDDLE})


@dataclass(frozen=True)
class Place:
    """Where a text stands: the beginning of each message about it."""

    path: Path
    owner: str

    def error(self, rule: str) -> QueryError:
        """Return the error that says which rule is broken here."""
        return QueryError(f"{self.owner} in '{self.path}'{rule}")


def texts_of(entry: object, place: Place) -> dict[str, str]:
    """Return the texts of an entry.

    Raises:
        QueryError: If one is missing, unknown, no text, has a brace, or asks nothing.
    """
    texts = _complete(entry, place)
    for name, text in texts.items():
        if "{" in text or "}" in text:
            raise place.error(f": {name} has a brace left, got '{text}'; only kinds have slots")
        if name in (*QUESTIONS, MIDDLE) and text.strip() and not text.rstrip().endswith("?"):
            raise place.error(f": {name} must end with '?', got '{text}'")
    return texts


def expanded(
    entry: Mapping[str, object], kinds: Mapping[str, Any], place: Place
) -> dict[str, object]:
    """Return the texts of the kind of an entry, its slots filled; `texts_of` checks them.

    Args:
        entry: ``kind``, a text for each slot of the kind, and perhaps ``prompt_name``.
        kinds: Kind of action -> its patterns.
        place: Where the entry stands.

    Raises:
        QueryError: If the kind is unknown or broken, or its slots and the entry's differ.
    """
    kind = entry["kind"]
    if not isinstance(kind, str) or kind not in kinds:
        known = ", ".join(sorted(kinds)) or "none"
        raise place.error(f": kind '{kind}' is unknown; use one of: {known}")
    patterns = _complete(kinds[kind], Place(place.path, f"kind '{kind}'"))
    given = {name: text for name, text in entry.items() if name not in ("kind", "prompt_name")}
    slots = set().union(*(_slots(patterns, name, kind, place.path) for name in patterns))
    _check_slots(given, slots, kind, place)
    texts = {name: pattern.format_map(given) for name, pattern in patterns.items()}
    return {**texts, **{name: entry[name] for name in entry if name == "prompt_name"}}


def _check_slots(given: Mapping[str, object], slots: set[str], kind: str, place: Place) -> None:
    missing, extra = sorted(slots - set(given)), sorted(set(given) - slots)
    if missing:
        raise place.error(f": kind '{kind}' has the slot '{missing[0]}'; give it a text")
    if extra:
        known = ", ".join(sorted(slots)) or "none"
        raise place.error(f": kind '{kind}' has no slot '{extra[0]}'; its slots are: {known}")
    for name, text in given.items():
        if not isinstance(text, str) or not text.strip():
            raise place.error(f": {name} must be a text, got {text!r}; put it in quotes")


def _slots(patterns: Mapping[str, str], name: str, kind: str, path: Path) -> set[str]:
    try:
        parts = list(Formatter().parse(patterns[name]))
    except ValueError:
        parts = [("", "", "", None)]
    slots = {slot for _, slot, _, _ in parts if slot is not None}
    plain = all(not spec and convert is None for _, _, spec, convert in parts)
    if not plain or not all(slot.isidentifier() for slot in slots):
        raise Place(path, f"kind '{kind}'").error(
            f": {name} must write each slot as {{word}}, got '{patterns[name]}'"
        )
    return slots


def _complete(entry: object, place: Place) -> dict[str, str]:
    if (
        not isinstance(entry, dict)
        or set(entry) - FIELDS - OPTIONAL
        or FIELDS - set(entry) - OPTIONAL
    ):
        raise place.error(
            f" must have {', '.join(sorted(FIELDS))} "
            f"(prompt_name may be left out, {MIDDLE} added), got {entry!r:.120}"
        )
    for name, text in entry.items():
        if not isinstance(text, str):
            raise place.error(f": {name} must be a text, got {text!r}; put it in quotes")
    return entry
