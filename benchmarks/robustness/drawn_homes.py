"""Homes with small drawn datasets, and the comparison of what runs made in two of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from zs_dagster.demo.bank import BANK_PATH
from zs_dagster.demo.videos import draw_scripts, ground_truth, scripts
from zs_dagster.home import Home

ROOT = Path(__file__).parents[2]
# Where and when a number was made; and the numbers of earlier runs, which differ in number.
PROVENANCE = frozenset({"run_id", "created_at", "git_commit"})
HISTORY = frozenset({"metrics_history"})


def describe(
    home: Path, folder: Path, datasets: Sequence[str], videos: int, fps: float = 1
) -> None:
    """Draw some videos per dataset, beside the homes, and describe the datasets."""
    made = scripts("validation")
    shipped = yaml.safe_load(
        (ROOT / "zs_dagster/datasets/shipped/demo-validation.yaml").read_text()
    )
    methods = {name: shipped["localization"]["methods"][name] for name in ("zeal", "freezad")}
    localization = {"fps": fps, "top_k": 4, "score_known_classes": True, "methods": methods}
    (home / "datasets").mkdir(parents=True)
    for number, name in enumerate(datasets):
        own = made[number * videos : (number + 1) * videos]
        draw_scripts(folder / name, own)
        truth = folder / name / "ground_truth.json"
        truth.write_text(json.dumps(ground_truth(own)))
        described = {"name": name, "title": name, "classes": shipped["classes"]}
        described |= {"videos": {"folder": str(folder / name)}, "annotations": str(truth)}
        described |= {"queries": str(BANK_PATH), "localization": localization}
        (home / "datasets" / f"{name}.yaml").write_text(yaml.safe_dump(described))


def different(one: Home, other: Home, datasets: Sequence[str]) -> list[str]:
    """Name the tables that are not equal, part by part, but for their provenance."""
    names = {path.name for home in (one, other) for path in home.tables.root.iterdir()}
    return [
        f"{table} of {dataset}"
        for table in sorted(names - HISTORY)
        for dataset in datasets
        if _parts(one, table, dataset) != _parts(other, table, dataset)
    ]


def _parts(home: Home, table: str, dataset: str) -> dict[str, list[dict[str, Any]]]:
    return {
        part: [
            {name: value for name, value in row.items() if name not in PROVENANCE}
            for row in home.tables.rows(table, dataset, part)
        ]
        for part in home.tables.parts(table, dataset)
    }
