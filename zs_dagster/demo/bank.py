"""The query bank of the demo, written out of the vocabulary; `queries.yaml` is its output."""

from pathlib import Path

from zs_dagster.demo.world import (
    ActionClass,
    Split,
    classes,
    presence_question,
    state_question,
)

BANK_PATH = Path(__file__).with_name("queries.yaml")
SPLITS: tuple[Split, ...] = ("validation", "test")


def bank_text() -> str:
    """Return the YAML text with the queries of every class of both splits."""
    entries = [_entry(action) for split in SPLITS for action in classes(split)]
    return "# Written by `python -m zs_dagster.demo.bank`; edit the vocabulary instead.\n" + (
        "".join(entries)
    )


def _entry(action: ActionClass) -> str:
    # The demo LVLM was never asked for a place between two states; that a thing is there, it
    # can tell.
    start, end = (
        state_question(action.combination, state)
        for state in (action.motion.start, action.motion.end)
    )
    return (
        f"{action.label}:\n"
        f"  prompt_name: {action.prompt_name}\n"
        f"  start_question: {start}\n"
        f"  end_question: {end}\n"
        f"  middle_question: {presence_question(action.combination)}\n"
        f"  description: {action.description}\n"
    )


if __name__ == "__main__":
    BANK_PATH.write_text(bank_text(), encoding="utf-8")
