"""What fewer image tokens cost in mAP on the drawn videos: `image: single-tile` and `video`.

Usage: python benchmarks/accuracy/image_tokens.py [--dataset demo-validation] [--json FILE].
The same dataset under profiles that differ in `image` alone, in a home of its own. The
demo LVLM was trained on frames in a base and one tile; what it never saw is part of the loss.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "zs_dagster"
KINDS = ("full", "single-tile", "video")
METHODS = ("zeal", "zeal-known-classes")


def main() -> None:
    """Print average mAP in percent per kind of image and method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo-validation")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {kind: _measure(Path(folder), asked.dataset, kind) for kind in KINDS}
    print(json.dumps(found, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


def _measure(home: Path, dataset: str, kind: str) -> dict[str, float]:
    name = f"{dataset}-{kind}"
    _write(home / "profiles" / f"{name}.yaml", _profile(kind))
    described = _read(SHIPPED / "datasets" / "shipped" / f"{dataset}.yaml")
    _write(home / "datasets" / f"{name}.yaml", {**described, "name": name, "profile": name})
    summary = home / "summary.json"
    subprocess.run(
        [
            *(sys.executable, "-c", "from zs_dagster.cli.program import program; program()"),
            *("run", name, "--json", str(summary)),
        ],
        cwd=ROOT,
        env={"ZS_HOME": str(home), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
    return {
        row["method"]: round(100 * row["value"], 1)
        for row in json.loads(summary.read_text())["metrics"]
        if row["metric"] == "average_mAP" and row["method"] in METHODS
    }


def _profile(kind: str) -> dict[str, Any]:
    profile = _read(SHIPPED / "models" / "shipped_profiles" / "demo.yaml")
    return {**profile, "lvlm": {**profile["lvlm"], "image": kind}}


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


if __name__ == "__main__":
    main()
