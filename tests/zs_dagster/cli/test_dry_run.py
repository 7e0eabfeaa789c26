"""`zs-dagster run --dry-run`: what it prints and refuses; its numbers have tests beside it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

STAGES = ["videos", "class_queries", "frame_features", "class_embeddings", "frame_confidence"]


def test_a_dry_run_prints_a_table_and_writes_the_contract(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    ended = cli("run", "tiny", "--dry-run", "--json", tmp_path / "plan.json")
    assert ended.status == 0, ended.err
    assert "LVLM forwards" in ended.out
    assert "2 classes of 2 prompts are assumed for each" in ended.out
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert list(plan) == STAGES
    for asset, stage in plan.items():
        assert {"to_compute", "reused", "lvlm_forwards", "tflop", "hours"} <= set(stage), asset
    assert plan["frame_confidence"]["to_compute"] == 12
    assert plan["frame_confidence"]["tflop"] > 0
    for folder in ("tables", "store", "results.duckdb", "reports"):
        assert not (tiny.root / folder).exists()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    "arguments",
    [("--dry-run", "--json"), ("--json", "--dry-run"), ("--dry-run", "--json", "-")],
)
def test_json_goes_to_standard_output(cli: "Cli", arguments: tuple[str, ...]) -> None:
    ended = cli("run", "tiny", *arguments)
    assert ended.status == 0, ended.err
    assert list(json.loads(ended.out)) == STAGES
    assert not Path("-").exists()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ("segmentz.parameters={}", "--set: 'segmentz' takes no options"),
        ("segments.lambda=1", "--set: "),
        ("class_queries.descriptions={ball: a ball}", "'ball' is not a class of dataset"),
    ],
)
def test_a_dry_run_refuses_what_the_run_would(cli: "Cli", setting: str, rule: str) -> None:
    ended = cli("run", "tiny", "--dry-run", "--set", setting)
    assert ended.status == 2, ended.err
    assert rule in ended.err
    assert "Traceback" not in ended.err


def test_an_unknown_dataset_lists_the_known_ones(cli: "Cli", tiny: "TinyHome") -> None:
    ended = cli("run", "tinny", "--dry-run")
    assert ended.status == 2
    assert ", tiny, ucf101, got 'tinny'" in ended.err
    assert not (tiny.root / "tables").exists()


@pytest.mark.parametrize("task", ["classification", "captions"])
def test_runs_of_clips_and_trainings_are_not_planned(
    cli: "Cli", tiny: "TinyHome", task: str
) -> None:
    tiny.describe(task=task, captions="captions.csv" if task == "captions" else None)
    ended = cli("run", "tiny", "--dry-run")
    assert ended.status == 2
    rule = f"dataset 'tiny' is for {task}: --dry-run plans localization only"
    assert rule in ended.err
    assert not (tiny.root / "tables").exists()
