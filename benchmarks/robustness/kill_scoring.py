"""Kill a scoring run at random moments, resume it each time, and count what was asked twice.

    python benchmarks/robustness/kill_scoring.py --kills 20 [--dataset NAME] [--json FILE]

Each run is a process of its own, ended by SIGKILL. Before a model is asked, it writes down
frame and prompt; what stands there twice was computed twice. The result is compared with a run
nobody disturbed.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from zs_dagster.home import Home

SCORED = ("frame_confidence", "segments", "localization_metrics")
PROVENANCE = frozenset({"run_id", "created_at", "git_commit"})
# What runs in the process: the real scorer, noting what it is asked.
RECORDER = """
import hashlib, os, sys
from zs_dagster.models import loading
class Recorder:
    def __init__(self, scorer):
        self.scorer, self.file = scorer, open(os.environ["ASKED"], "a", buffering=1)
    def score_stream(self, chunks, questions):
        def noted():
            for chunk in chunks:
                names = [hashlib.blake2b(f.tobytes(), digest_size=8).hexdigest() for f in chunk]
                self.file.writelines(f"{n} {q}\\n" for n in names for q in questions)
                yield chunk
        return self.scorer.score_stream(noted(), questions)
real, made = loading._scorer, {}
loading._scorer = lambda p, d: made.setdefault((p, d), Recorder(real(p, d)))
from zs_dagster.cli.program import program
sys.argv = ["zs-dagster", "run", os.environ["DATASET"]]
program()
"""


def main() -> None:
    """Print how many answers were computed twice, per kill, and whether the results agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--dataset", default="demo-validation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = _compare(Path(folder), asked.dataset, asked.kills, asked.seed)
    print(json.dumps(result, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1))


def _compare(folder: Path, dataset: str, kills: int, seed: int) -> dict[str, Any]:
    calm, rough = folder / "calm", folder / "rough"
    seconds = _scoring_seconds(calm, dataset)
    _without_scores(calm, rough)
    draw = np.random.default_rng(seed)
    happened = 0
    # Together they take about as long as the scoring, so that most kills find it at work.
    for wait in draw.uniform(0, 2 * seconds / kills, kills):
        happened += _killed(rough, dataset, float(wait))
    status = _start(rough, dataset).wait()
    times = Counter((rough / "asked.txt").read_text(encoding="utf-8").splitlines())
    quiet = Counter((calm / "asked.txt").read_text(encoding="utf-8").splitlines())
    return {
        "kills": happened,
        "status": status,
        "answers": sum(quiet.values()),
        "computed_again": sum((times - quiet).values()),
        "frames_again": len({line.split(" ", 1)[0] for line in times - quiet}),
        "same_results": _scores(Home(calm), dataset) == _scores(Home(rough), dataset),
        "progress_left": len(
            list((rough / "store" / "frame_confidence_progress").rglob("*.s*"))
        ),
    }


def _scoring_seconds(home: Path, dataset: str) -> float:
    """Run without disturbance; returns how long it was asking."""
    process, first, last, size = _start(home, dataset), 0.0, 0.0, 0
    while process.poll() is None:
        if _size(home) != size:
            size, last = _size(home), time.monotonic()
            first = first or last
        time.sleep(0.01)
    return last - first


def _start(home: Path, dataset: str) -> subprocess.Popen[bytes]:
    home.mkdir(exist_ok=True)
    places = {"ZS_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    said = {"ASKED": str(home / "asked.txt"), "DATASET": dataset}
    return subprocess.Popen(
        [sys.executable, "-c", RECORDER],
        env={**os.environ, **places, **said},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _killed(home: Path, dataset: str, wait_s: float) -> bool:
    """Start a run, wait until it asks, and a random time more; say if it was still at work."""
    size, process = _size(home), _start(home, dataset)
    while process.poll() is None and _size(home) == size:
        time.sleep(0.01)
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _size(home: Path) -> int:
    path = home / "asked.txt"
    return path.stat().st_size if path.exists() else 0


def _without_scores(calm: Path, rough: Path) -> None:
    """Copy a finished home less what the model answered."""
    shutil.copytree(calm, rough)
    (rough / "asked.txt").unlink()
    shutil.rmtree(rough / "store" / "frame_confidence")
    for table in SCORED:
        shutil.rmtree(rough / "tables" / table)


def _scores(home: Home, dataset: str) -> list[Any]:
    found = []
    for table in SCORED:
        for part in home.tables.parts(table, dataset):
            rows = home.tables.rows(table, dataset, part)
            found.append([{k: v for k, v in r.items() if k not in PROVENANCE} for r in rows])
    return found


if __name__ == "__main__":
    main()
