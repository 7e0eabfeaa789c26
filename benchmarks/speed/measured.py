"""What a benchmark found: ours beside what people run now and beside the physical limit."""

import argparse
import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
# What differs from the commit; what benchmarks write does not make them others.
CHANGED = ("diff", "HEAD", "--", ".", ":!benchmarks/results", ":!docs/benchmarks.md")
PACKAGES = (
    "numpy",
    "torch",
    "open_clip_torch",
    "transformers",
    "av",
    "dagster",
    "duckdb",
    "pandas",
)


@dataclass(frozen=True)
class Measured:
    """One line of the table: less is better.

    Attributes:
        what: The work, with its size.
        unit: Of the numbers: "CPU s", "wall s", "MB".
        ours: What our code takes.
        reference: What the code in ``reference_is`` takes, in the same run.
        limit: What the floor in ``limit_is`` takes, in the same run.
        goal: What was set out to be reached, in words and numbers.
        reached: Whether it was; None where this run cannot tell.
        growth: What ours takes by how many times the work, such as 1, 4 and 16.
        details: What else is worth keeping.
    """

    what: str
    unit: str
    ours: float
    reference: float | None = None
    reference_is: str = ""
    limit: float | None = None
    limit_is: str = ""
    goal: str = ""
    reached: bool | None = None
    growth: Mapping[int, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return this with its ratios and its exponent of growth."""
        return {
            **vars(self),
            "growth": {str(times): seconds for times, seconds in self.growth.items()},
            "times_as_fast_as_reference": _ratio(self.reference, self.ours),
            "times_the_limit": _ratio(self.ours, self.limit),
            "growth_exponent": exponent(self.growth) if len(self.growth) > 1 else None,
        }


def _ratio(above: float | None, below: float | None) -> float | None:
    return None if above is None or not below else above / below


def exponent(growth: Mapping[int, float]) -> float:
    """Slope of a straight line through the logarithms of work and time."""
    return float(np.polyfit(np.log(list(growth)), np.log(list(growth.values())), 1)[0])


def cpu_s(work: Callable[[], object], rounds: int = 3) -> float:
    """Least CPU seconds of this process over some rounds."""
    seconds = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return min(seconds)


def main(name: str, description: str, measure: Callable[[bool], Sequence[Measured]]) -> None:
    """Measure, print, and write JSON where asked; ``measure`` is told whether to be quick."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--json", type=Path, help="where to write what was found")
    parser.add_argument("--quick", action="store_true", help="a smaller piece of the work")
    asked = parser.parse_args()
    rows = [found.row() for found in measure(asked.quick)]
    written = json.dumps({"name": name, "rows": rows, **circumstances()}, indent=1)
    print(written)
    if asked.json:
        asked.json.write_text(written + "\n", encoding="utf-8")


def circumstances() -> dict[str, Any]:
    """Return commit, machine, versions and the peak memory of this process and its children."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return {
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git(*CHANGED) else ""),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "load_average": round(os.getloadavg()[0], 2),
        "versions": {"python": platform.python_version(), **_versions()},
        "peak_rss_mb": round(max(resource.getrusage(kind).ru_maxrss for kind in who) / 1024),
    }


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
