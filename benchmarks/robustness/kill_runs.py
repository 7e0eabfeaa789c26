"""Kill runs of two datasets at random moments, resume them, and compare with calm ones.

    python benchmarks/robustness/kill_runs.py --kills 20 [--videos N] [--json FILE]

Both datasets are run at once from the command line, each in a process of its own, and both are
ended by SIGKILL. When all is computed, runs that only reuse it are killed. Before a model is
asked, the process writes down what about; what stands there more often than after a calm run
was computed again. At the end `doctor --fix` clears up.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from drawn_homes import describe, different

from zs_dagster.home import Home

ROOT = Path(__file__).parents[2]
DATASETS = ("one", "two")
# What runs in the process: the real models, noting what they are asked.
RECORDER = """
import hashlib, os, sys
from zs_dagster.models import loading
file = open(os.environ["ASKED"], "a", buffering=1)
def note(frames, what):
    names = [hashlib.blake2b(frame.tobytes(), digest_size=8).hexdigest() for frame in frames]
    file.writelines(f"{name} {about}\\n" for name in names for about in what)
class Noted:
    def __init__(self, model):
        self.model = model
    def __getattr__(self, name):
        return getattr(self.model, name)
    def encode_frames(self, frames):
        note(frames, ["clip"])
        return self.model.encode_frames(frames)
    def encode_crops(self, frames, crops):
        note(frames, ["clip"] * len(crops))
        return self.model.encode_crops(frames, crops)
    def score_stream(self, chunks, questions):
        def noted():
            for chunk in chunks:
                note(chunk, questions)
                yield chunk
        return self.model.score_stream(noted(), questions)
scorer, clip, made = loading._scorer, loading._clip, {}
loading._scorer = lambda *a: made.setdefault(("scorer", *a), Noted(scorer(*a)))
loading._clip = lambda *a: made.setdefault(("clip", *a), Noted(clip(*a)))
"""
START = "from zs_dagster.cli.program import program; program()"


def main() -> None:
    """Print what the kills cost, and whether the results agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--videos", type=int, default=1, help="of each dataset")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = _compare(Path(folder), asked.videos, asked.kills, asked.seed)
    print(json.dumps(result, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1))


def _compare(folder: Path, videos: int, kills: int, seed: int) -> dict[str, Any]:
    calm, rough = folder / "calm", folder / "rough"
    for home in (calm, rough):
        describe(home, folder, DATASETS, videos)
    started = time.monotonic()
    calm_status = [process.wait() for process in _start_all(calm)]
    seconds = time.monotonic() - started
    draw, hit, reach_s = np.random.default_rng(seed), 0, seconds
    while hit < kills:
        killed = _killed(rough, draw.uniform(0.2 * reach_s, 0.6 * reach_s, 2))
        hit += killed
        # Both had finished: what is left to disturb are the shorter runs that reuse all of it.
        reach_s *= 1.0 if killed else 0.5
    status = [process.wait() for process in _start_all(rough)]
    return {
        "kills": hit,
        "calm_run_s": round(seconds, 1),
        "status": calm_status + status,
        **_again(calm, rough),
        "different_tables": different(Home(calm), Home(rough), DATASETS),
        **_cleared(rough),
    }


def _start_all(home: Path) -> list[subprocess.Popen[bytes]]:
    return [_start(home, "run", name) for name in DATASETS]


def _start(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    places = {"ZS_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    return subprocess.Popen(
        [sys.executable, "-c", RECORDER + START, *arguments],
        env={**os.environ, **places, "ASKED": str(home / "asked.txt")},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _killed(home: Path, waits_s: np.ndarray) -> int:
    """Start both runs, kill each after a time; returns how many were still at work."""
    started, hit = time.monotonic(), 0
    waiting = sorted(
        zip(waits_s.tolist(), _start_all(home), strict=True), key=lambda one: one[0]
    )
    for wait_s, process in waiting:
        time.sleep(max(0.0, started + wait_s - time.monotonic()))
        process.send_signal(signal.SIGKILL)
        hit += process.wait() == -signal.SIGKILL
    return hit


def _again(calm: Path, rough: Path) -> dict[str, int]:
    """Count what was asked of a model more often than in the calm run."""
    quiet, times = (
        Counter((home / "asked.txt").read_text().splitlines()) for home in (calm, rough)
    )
    again = times - quiet
    encoded = sum(count for line, count in again.items() if line.endswith(" clip"))
    all_encoded = sum(count for line, count in quiet.items() if line.endswith(" clip"))
    return {
        "answers": quiet.total() - all_encoded,
        "answers_again": again.total() - encoded,
        "encoded": all_encoded,
        "encoded_again": encoded,
        "never_asked": (quiet - times).total(),
    }


def _cleared(home: Path) -> dict[str, Any]:
    """Say what the doctor found, fixed and left."""
    found = json.loads(_start(home, "doctor", "--json").communicate()[0])
    fixed = json.loads(_start(home, "doctor", "--fix", "--json").communicate()[0])
    healthy = _start(home, "doctor").wait()
    return {
        "doctor_found": [row["found"] for row in found if not row["ok"]],
        "not_fixed": [row["found"] for row in fixed if not row["ok"]],
        "doctor_afterwards": healthy,
        "temporary_left": len([*home.rglob(".*.tmp*")]),
    }


if __name__ == "__main__":
    main()
