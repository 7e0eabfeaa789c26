"""A drawn dataset through a model behind a server, calm and with faults, against local.

    PYTHONPATH=. python benchmarks/robustness/server_scoring.py [--dataset NAME] [--json FILE]

The server is the one of the tests: the demo LVLM over real HTTP on loopback. Every tenth answer
fails on purpose: 429, 500, a dropped connection, nonsense. Needs a home ($ZS_HOME) in which the
dataset ran locally.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.servers.demo_brain import DemoBrain
from tests.servers.openai_server import Fault, OpenAiServer
from zs_dagster.home import Home

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "zs_dagster"
FAULTS = (
    Fault("status", 429, retry_after="0"),
    Fault("status", 500),
    Fault("drop"),
    Fault("garbage"),
)
EVERY = 10


def main() -> None:
    """Print differences and counts, quiet and with faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo-validation")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    local = Home.from_environment()
    found = {
        kind: _measure(local, asked.dataset, kind == "faults") for kind in ("calm", "faults")
    }
    print(json.dumps(found, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


def _measure(local: Home, dataset: str, has_faults: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, OpenAiServer(DemoBrain()).running() as server:
        if has_faults:
            kinds = itertools.cycle(FAULTS)
            plan = ([None] * (EVERY - 1) + [next(kinds)] for _ in range(10_000))
            server.faults.extend(itertools.chain.from_iterable(plan))
        home, name = Home(Path(folder)), f"{dataset}-served"
        _prepare(local, home, dataset, name, server.url)
        subprocess.run(
            [
                *(
                    sys.executable,
                    "-c",
                    "from zs_dagster.cli.program import program; program()",
                ),
                *("run", name),
            ],
            cwd=ROOT,
            env={**os.environ, "ZS_HOME": folder, "DAGSTER_HOME": f"{folder}/dagster"},
            check=True,
            capture_output=True,
        )
        ours, theirs = _scores(local, dataset), _scores(home, name)
        answers = 2 * len(ours)
        return {
            "answers": answers,
            "answered_well": server.answered.total(),
            "requests": 10_000 * EVERY - len(server.faults) if has_faults else 0,
            "largest_difference": float(
                max(np.abs(np.subtract(ours[key], theirs[key])).max() for key in ours)
            ),
            "same_keys": ours.keys() == theirs.keys(),
            "segments": sum(_segments(local, dataset).values()),
            "other_segments": sum((_segments(local, dataset) - _segments(home, name)).values()),
        }


def _prepare(local: Home, home: Home, dataset: str, name: str, url: str) -> None:
    """Describe the dataset anew, with the server as LVLM; keep videos and features."""
    shutil.copytree(local.generated_videos, home.generated_videos)
    shutil.copytree(local.root / "store" / "frame_features", home.root / "store/frame_features")
    demo = yaml.safe_load((SHIPPED / "models/shipped_profiles/demo.yaml").read_text())
    profile = {"clip": demo["clip"], "lvlm": {"base_url": url, "concurrency": 16}}
    described = yaml.safe_load((SHIPPED / f"datasets/shipped/{dataset}.yaml").read_text())
    for path, content in (
        (home.profiles / "served.yaml", profile),
        (home.datasets / f"{name}.yaml", {**described, "name": name, "profile": "served"}),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")


def _scores(home: Home, dataset: str) -> dict[tuple[Any, ...], tuple[float, float]]:
    rows = (
        row
        for part in home.tables.parts("frame_confidence", dataset)
        for row in home.tables.rows("frame_confidence", dataset, part)
    )
    return {(r["video_id"], r["label"], r["time_s"]): (r["p_start"], r["p_end"]) for r in rows}


def _segments(home: Home, dataset: str) -> Counter[tuple[Any, ...]]:
    """Count segments, scores to four digits; order among equal scores may differ."""
    names = ("start_s", "end_s", "score")
    return Counter(
        (r["method"], r["video_id"], r["label"], *(round(r[name], 4) for name in names))
        for r in home.tables.rows("segments", dataset)
    )


if __name__ == "__main__":
    main()
