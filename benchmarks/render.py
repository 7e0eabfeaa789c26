"""Make docs/benchmarks.md of what the benchmarks wrote.

Usage: python benchmarks/render.py. Reads benchmarks/results/*.json; ``gpu.json`` holds rows
that were measured where there was a GPU, each with its command, entered by hand.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STAGES = (
    "decode",
    "clip_features",
    "lvlm",
    "class_filter",
    "proposals",
    "evaluate",
    "zar",
    "zar_memory",
    "cezsar_train",
    "graph_overhead",
    "store",
    "end_to_end",
)
COLUMNS = (
    "what",
    "unit",
    "ours",
    "reference",
    "times as fast",
    "limit",
    "times the limit",
    "goal",
    "reached",
    "growth exponent",
)
INTRODUCTION = """# Benchmarks

Each stage beside what people run now (the reference) and beside the physical limit, all in one
run. Less is better. Times describe the machine of the run; ratios carry further. The growth
exponent is the slope of time over work, at 1, 4 and 16 times the work or what `growth` of the
JSON says: 1 is linear. This page is written by `make bench`.
"""


def page(results: Mapping[str, Any], gpu: Mapping[str, Any] | None) -> str:
    """Return the page.

    Args:
        results: Name of a benchmark -> what it wrote.
        gpu: Circumstances and rows from a machine with a GPU, if there are any.
    """
    parts = [INTRODUCTION]
    for name in [*STAGES, *sorted(set(results) - set(STAGES))]:
        parts.append(f"## {name}\n")
        parts.append(_stage(results[name]) if name in results else "Not measured.\n")
    parts.append("## On a GPU\n")
    parts.append(_on_gpu(gpu) if gpu else "Not measured.\n")
    return "\n".join(parts)


def _stage(result: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    said = (
        f"{result['date']}, commit {result['commit']}, {result['machine']}, load "
        f"{result['load_average']}, peak memory {result['peak_rss_mb']} MB; {versions}. "
        f"`python benchmarks/speed/{result['name']}.py --quick`"
    )
    return f"{_table(COLUMNS, [_row(row) for row in result['rows']])}\n{said}\n"


def _row(row: Mapping[str, Any]) -> list[str]:
    reached = {True: "yes", False: "no", None: ""}[row["reached"]]
    return [
        row["what"],
        row["unit"],
        _number(row["ours"]),
        _with(row["reference"], row["reference_is"]),
        _number(row["times_as_fast_as_reference"]),
        _with(row["limit"], row["limit_is"]),
        _number(row["times_the_limit"]),
        row["goal"],
        reached,
        _number(row["growth_exponent"]),
    ]


def _with(value: float | None, what: str) -> str:
    if value is None:
        return f"not measured: {what}" if what else ""
    return f"{_number(value)} ({what})"


def _number(value: float | None) -> str:
    """Write three digits."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _on_gpu(gpu: Mapping[str, Any]) -> str:
    rows = [[row["what"], row["measured"], row["with"]] for row in gpu["rows"]]
    return f"{gpu['circumstances']}\n\n{_table(('what', 'measured', 'with'), rows)}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(cell for cell in line)} |\n" for line in lines)


def main() -> None:
    """Read what there is and write the page."""
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "benchmarks/results").glob("*.json"))
    }
    gpu = found.pop("gpu", None)
    (ROOT / "docs/benchmarks.md").write_text(page(found, gpu), encoding="utf-8")


if __name__ == "__main__":
    main()
