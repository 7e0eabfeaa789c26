"""Kill runs of two datasets at random moments, resume them, and compare with calm ones.

    python benchmarks/robustness/kill_runs.py --kills 20 [--videos N] [--json FILE]

Both datasets are run at once from the command line, each in a process of its own, and both are
ended by SIGKILL. Before a model is asked, the process writes down what about; what stands there
more often than after a calm run was computed again. At the end `doctor --fix` clears up.
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
import yaml

from zs_dagster.demo.bank import BANK_PATH
from zs_dagster.demo.videos import draw_scripts, ground_truth, scripts
from zs_dagster.home import Home

ROOT = Path(__file__).parents[2]
DATASETS = ("one", "two")
# Where and when a number was made; and the numbers of earlier runs, which killed ones lack.
PROVENANCE = frozenset({"run_id", "created_at", "git_commit"})
HISTORY = frozenset({"metrics_history"})
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
    def encode_frames(self, frames, *crop):
        note(frames, ["clip"])
        return self.model.encode_frames(frames, *crop)
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
START = "from zs_dagster.cli.main import main; main()"


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
        _describe(home, folder, videos)
    started = time.monotonic()
    calm_status = [process.wait() for process in _start_all(calm)]
    seconds = time.monotonic() - started
    draw, hit = np.random.default_rng(seed), 0
    while hit < kills:
        killed = _killed(rough, draw.uniform(0.2 * seconds, 0.6 * seconds, 2))
        hit += killed
        if not killed:
            break  # Both have finished: there is nothing left to disturb.
    status = [process.wait() for process in _start_all(rough)]
    return {
        "kills": hit,
        "calm_run_s": round(seconds, 1),
        "status": calm_status + status,
        **_again(calm, rough),
        "different_tables": _different(Home(calm), Home(rough)),
        **_cleared(rough),
    }


def _describe(home: Path, folder: Path, videos: int) -> None:
    """Draw some videos per dataset, beside the homes, and describe the datasets."""
    made = scripts("validation")
    shipped = yaml.safe_load(
        (ROOT / "zs_dagster/datasets/shipped/demo-validation.yaml").read_text()
    )
    methods = {name: shipped["localization"]["methods"][name] for name in ("zeal", "freezad")}
    localization = {"fps": 1, "top_k": 4, "score_known_classes": True, "methods": methods}
    (home / "datasets").mkdir(parents=True)
    for number, name in enumerate(DATASETS):
        own = made[number * videos : (number + 1) * videos]
        draw_scripts(folder / name, own)
        truth = folder / name / "ground_truth.json"
        truth.write_text(json.dumps(ground_truth(own)))
        described = {"name": name, "title": name, "classes": shipped["classes"]}
        described |= {"videos": {"folder": str(folder / name)}, "annotations": str(truth)}
        described |= {"queries": str(BANK_PATH), "localization": localization}
        (home / "datasets" / f"{name}.yaml").write_text(yaml.safe_dump(described))


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


def _different(calm: Home, rough: Home) -> list[str]:
    """Name the tables that are not equal, part by part, but for their provenance."""
    names = {path.name for home in (calm, rough) for path in home.tables.root.iterdir()}
    return [
        f"{table} of {dataset}"
        for table in sorted(names - HISTORY)
        for dataset in DATASETS
        if _parts(calm, table, dataset) != _parts(rough, table, dataset)
    ]


def _parts(home: Home, table: str, dataset: str) -> dict[str, list[dict[str, Any]]]:
    return {
        part: [
            {name: value for name, value in row.items() if name not in PROVENANCE}
            for row in home.tables.rows(table, dataset, part)
        ]
        for part in home.tables.parts(table, dataset)
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
