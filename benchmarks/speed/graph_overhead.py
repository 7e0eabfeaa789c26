"""What the graph costs where there is nothing to compute, and before anything starts.

Reference and limit of the starts is Python with nothing imported. The share of the graph in a
cold demo run is its wall time outside the stages: start, imports, Dagster's records, tables
shown at the end. The demo is left out of a quick run. Bytecode is kept, as Python does
unless told otherwise: all but the first start and the first run have it.

Usage: python benchmarks/speed/graph_overhead.py [--quick] [--json FILE].
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import fake_dataset
from measured import ROOT, Measured, main
from stage_run import run_apart

VIDEOS, QUICK = 500, 10
ROUNDS, QUICK_ROUNDS = 5, 2
MOST_UNCHANGED_S, MOST_SHARE = 5, 0.05
ZS_DAGSTER = Path(sys.executable).with_name("zs-dagster")
DEFINITIONS = "import zs_dagster.definitions as d; d.defs.resolve_all_job_defs()"
PYTHON = sys.executable
# Name -> command, goal in words and in seconds: above a bare Python, or in all.
STARTS = {
    "import zs_dagster": ([PYTHON, "-c", "import zs_dagster"], "<= 50 ms above Python", 0.05),
    "zs-dagster --help": ([str(ZS_DAGSTER), "--help"], "<= 0.5 s", 0.5),
    "definitions loaded": ([PYTHON, "-c", DEFINITIONS], "<= 4 s", 4),
}


def measure(is_quick: bool) -> Sequence[Measured]:
    """Measure starts, an unchanged run, and a cold demo unless quick."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        rounds, videos = (QUICK_ROUNDS, QUICK) if is_quick else (ROUNDS, VIDEOS)
        rows = [*_starts(Path(folder), rounds), _unchanged(Path(folder), videos)]
        return rows if is_quick else [*rows, _demo(Path(folder))]


def _starts(folder: Path, rounds: int) -> Iterator[Measured]:
    bare = _wall_s([sys.executable, "-c", ""], folder, rounds)
    for what, (command, goal, most_s) in STARTS.items():
        took = _wall_s(command, folder, rounds)
        counted = took - bare if "above" in goal else took
        yield Measured(
            what,
            "wall s",
            took,
            limit=bare,
            limit_is="python -c ''",
            goal=goal,
            reached=counted <= most_s,
            details={"above_python_s": took - bare},
        )


def _wall_s(command: Sequence[str], home: Path, rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run(
            command, cwd=ROOT, env=_environment(home), check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _environment(home: Path) -> dict[str, str]:
    said = {"ZS_HOME": str(home / "starts"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    return {**os.environ, **said}


def _unchanged(folder: Path, videos: int) -> Measured:
    home = folder / "unchanged"
    fake_dataset.write_dataset(home, videos)
    first, *again = [run_apart(home) for _ in range(3)]
    least = min(again, key=lambda run: run["wall_s"])
    return Measured(
        f"an unchanged run, {videos} videos, whole graph in one process",
        "wall s",
        least["wall_s"],
        goal="<= 5 s for 500 videos",
        reached=least["wall_s"] <= MOST_UNCHANGED_S if videos == VIDEOS else None,
        details={"first_run_wall_s": first["wall_s"], "cpu_s": least["cpu_s"]},
    )


def _demo(folder: Path) -> Measured:
    said = folder / "demo.json"
    command = [str(ZS_DAGSTER), "demo", "--json", str(said)]
    env = {**os.environ, "ZS_HOME": str(folder / "demo")}
    env.pop("DAGSTER_HOME", None)
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    wall = time.perf_counter() - started
    found = json.loads(said.read_text(encoding="utf-8"))
    stages = {name: one["seconds"] for name, one in found["stages"].items()}
    inside = sum(stages.values())
    return Measured(
        "a cold demo run, wall outside its stages",
        "wall s",
        wall - inside,
        goal="<= 5 % of the run",
        reached=1 - inside / wall <= MOST_SHARE,
        details={"share": 1 - inside / wall, "wall_s": wall, "stages_s": stages},
    )


if __name__ == "__main__":
    main("graph_overhead", __doc__, measure)
