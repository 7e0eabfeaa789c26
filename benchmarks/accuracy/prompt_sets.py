"""Questions about states against questions about motion, on the drawn videos of the demo.

Usage: python benchmarks/accuracy/prompt_sets.py [--dataset demo-validation] [--json FILE].
No language model is asked: the questions about motion are written here by rule, in the manner
that the prompt set `paper` asks for, those about states are the bank of the demo, in the manner
of `moments`. Descriptions and names are the same, so only the questions differ.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from zs_dagster.demo.world import ActionClass, Split, classes

ROOT = Path(__file__).parents[2]
VOCABULARY = ROOT / "zs_dagster" / "demo" / "weights" / "lvlm" / "tokenizer.json"
SPLITS: dict[str, Split] = {"demo": "test", "demo-validation": "validation"}
INFINITIVES = {
    "rises": "rise",
    "falls": "fall",
    "slides right": "slide right",
    "slides left": "slide left",
    "grows": "grow",
    "shrinks": "shrink",
}
METHODS = ("zeal", "zeal-known-classes", "clip-only", "random-filtered")
Questions = Callable[[ActionClass], tuple[str, str]]


def states(action: ActionClass) -> tuple[str, str]:
    """As in the bank of the demo: where or how large the thing is."""
    from zs_dagster.demo.world import state_question

    motion = action.motion
    start, end = (state_question(action.combination, x) for x in (motion.start, motion.end))
    return start, end


def motions(action: ActionClass) -> tuple[str, str]:
    """In everyday words for a start and an end."""
    name, motion = action.combination.name, action.motion
    return (
        f"Is the {name} about to {INFINITIVES[motion.verb]}?",
        f"Has the {name} finished {motion.gerund}?",
    )


def known_motions(action: ActionClass) -> tuple[str, str]:
    """Motion in words that the demo LVLM has seen, in contexts and captions."""
    name, gerund, path = action.combination.name, action.motion.gerund, action.motion.path
    origin, target = re.split(r"\b(?=to )", path)
    return f"Is the {name} {gerund} {origin.strip()}?", f"Is the {name} {gerund} {target}?"


KINDS: dict[str, Questions] = {
    "states": states,
    "motion": motions,
    "motion, known words": known_motions,
}


def bank(split: Split, ask: Questions) -> dict[str, dict[str, str]]:
    """Write the questions of every class of a split; all else as in the demo's bank."""
    written = {}
    for action in classes(split):
        start, end = ask(action)
        written[action.label] = {
            "prompt_name": action.prompt_name,
            "start_question": start,
            "end_question": end,
            "description": action.description,
        }
    return written


def unknown_words(entries: dict[str, dict[str, str]]) -> list[str]:
    """Return the words of the questions that are no token of the demo LVLM."""
    vocabulary = json.loads(VOCABULARY.read_text())["model"]["vocab"]
    texts = [entry[f"{end}_question"] for entry in entries.values() for end in ("start", "end")]
    words = {word for text in texts for word in re.findall(r"\w+", text.lower())}
    return sorted(words - set(vocabulary))


def measure(home: Path, dataset: str, entries: dict[str, dict[str, str]]) -> dict[str, float]:
    """Run a dataset with a bank of its own; average mAP in percent per method."""
    path, summary = home / "bank.yaml", home / "summary.json"
    path.write_text(yaml.safe_dump(entries))
    environment = {"ZS_HOME": str(home), "PATH": "/usr/bin:/bin"}
    start = [sys.executable, "-c", "from zs_dagster.cli.program import program; program()"]
    for arguments in (
        ["queries", dataset, "--import", path],
        ["run", dataset, "--json", summary],
    ):
        subprocess.run(
            [*start, *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
    rows = json.loads(summary.read_text())["metrics"]
    return {
        row["method"]: 100 * row["value"]
        for row in rows
        if row["metric"] == "average_mAP" and row["method"] in METHODS
    }


def main() -> None:
    """Measure every kind of question and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=SPLITS, default="demo-validation")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for kind, ask in KINDS.items():
            entries = bank(SPLITS[options.dataset], ask)
            found = measure(Path(home), options.dataset, entries)
            rows.append({"questions": kind, "average_mAP_percent": found})
            rows[-1]["unknown_words"] = unknown_words(entries)
            numbers = "  ".join(f"{name} {value:.1f}" for name, value in found.items())
            print(f"{kind:20} {numbers}  unknown words: {rows[-1]['unknown_words']}")
    if options.json:
        options.json.write_text(
            json.dumps({"dataset": options.dataset, "rows": rows}, indent=1)
        )


if __name__ == "__main__":
    main()
