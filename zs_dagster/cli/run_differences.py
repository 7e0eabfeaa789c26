"""What differs between two runs: settings, questions, models, code, and numbers."""

import json
from collections.abc import Mapping
from typing import Any

from zs_dagster.cli.run_history import Run

Row = dict[str, Any]
# Where a card only repeats what is compared elsewhere, or what differs between any two runs.
IGNORED = frozenset(
    {"run_id", "created_at", "methods", "queries", "tables", "lineage", "videos"}
)
KEY = ("method", "protocol", "split", "metric")
TEXTS = ("prompt_name", "start_question", "end_question", "description")
NOT_KEPT = "not known: run {} has no provenance card"


def setting_differences(first: Run, second: Run) -> list[Row]:
    """Return every setting that differs as ``{"what", "first", "second"}``.

    Without a card of both runs only what their rows say can be compared.
    """
    sides = [
        _settings(run, has_cards=bool(first.card and second.card)) for run in (first, second)
    ]
    return [
        {"what": what, "first": sides[0].get(what), "second": sides[1].get(what)}
        for what in sorted({*sides[0], *sides[1]})
        if sides[0].get(what) != sides[1].get(what)
    ]


def question_differences(first: Run, second: Run) -> list[Row] | str:
    """Return the texts that differ, or why they are not known."""
    for run in (first, second):
        if run.card is None:
            return NOT_KEPT.format(run.run_id[:8])
    sides = [_texts(run.card or {}) for run in (first, second)]
    return [
        {"class": label, "text": name, "first": before, "second": after}
        for label, name in sorted({*sides[0], *sides[1]})
        if (before := sides[0].get((label, name))) != (after := sides[1].get((label, name)))
    ]


def metric_differences(first: Run, second: Run) -> list[Row]:
    """Return the numbers of both runs side by side; a delta where both have one."""
    sides = [
        {tuple(row.get(k) for k in KEY): row["value"] for row in r.rows}
        for r in (first, second)
    ]
    return [
        {
            **dict(zip(KEY, key, strict=True)),
            "first": sides[0].get(key),
            "second": sides[1].get(key),
            "delta": sides[1][key] - sides[0][key]
            if key in sides[0] and key in sides[1]
            else None,
        }
        for key in dict.fromkeys([*sides[0], *sides[1]])
    ]


def _settings(run: Run, *, has_cards: bool) -> Row:
    found: Row = {"dataset": run.dataset}
    for row in run.rows:
        text = row["parameters"]
        found |= _flat(f"method {row['method']}", json.loads(text) if text[:1] == "{" else text)
        names = ("clip", "lvlm", "queries", "git_commit")
        found |= {name: row[name] for name in names if not has_cards and name in row}
    if run.card is not None and has_cards:
        card = {key: value for key, value in run.card.items() if key not in IGNORED}
        found |= {k: v for key, value in card.items() for k, v in _flat(key, value).items()}
        found |= {f"video {name}": content for name, content in run.card["videos"].items()}
        found["ground truth"] = run.card["tables"].get("annotations")
    return found


def _flat(name: str, value: object) -> Row:
    """Name every leaf of nested mappings by the way to it."""
    if not isinstance(value, Mapping):
        return {name: value}
    return {
        k: v for key, inner in value.items() for k, v in _flat(f"{name}.{key}", inner).items()
    }


def _texts(card: Row) -> dict[tuple[str, str], str]:
    classes = card["queries"]["classes"]
    return {(query["label"], name): query[name] for query in classes for name in TEXTS}
