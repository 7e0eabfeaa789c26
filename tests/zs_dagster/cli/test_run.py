"""`zs-dagster run` and `sql`: from videos to answers, and what bad input is told."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from zs_dagster.cli.run import parse_options
from zs_dagster.errors import InputError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

ASSETS = {
    "videos",
    "annotations",
    "class_queries",
    "frame_features",
    "class_embeddings",
    "candidate_classes",
    "frame_confidence",
    "segments",
    "localization_metrics",
    "ablations",
    "loss_waterfall",
    "error_types",
    "protocol_metrics",
    "localization_results",
    "report",
}
# What runs before the command: the scorer kills the process when asked about a second video.
KILLER = """
import os, signal
from zs_dagster.models import loading
class Deadly:
    def __init__(self, scorer):
        self.scorer, self.left = scorer, 1
    def score(self, frames, questions):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return self.scorer.score(frames, questions)
    def score_stream(self, chunks, questions):
        return (self.score(frames, questions) for frames in chunks)
real, made = loading._scorer, {}
loading._scorer = lambda p, d: made.setdefault((p, d), Deadly(real(p, d)))
"""


def scores(root: Path) -> dict[str, Any]:
    home = Home(root)
    parts = sorted((root / "tables" / "frame_confidence" / "tiny").glob("*.parquet"))
    rows = {p.stem: home.tables.rows("frame_confidence", "tiny", p.stem) for p in parts}
    return {"scores": rows, "segments": home.tables.rows("segments", "tiny")}


def test_a_run_writes_the_summary_of_the_contract_and_sql_reads_it(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    ended = cli("run", "tiny", "--json", tmp_path / "out.json")
    assert ended.status == 0, ended.err
    assert "zeal-known-classes" in ended.out
    assert str(tiny.root / "reports" / "tiny.html") in ended.out
    summary = json.loads((tmp_path / "out.json").read_text())
    assert {"metrics", "stages", "peak_rss_mb", "seconds"} <= set(summary)
    assert set(summary["stages"]) == ASSETS
    for asset, counts in summary["stages"].items():
        assert set(counts) == {"computed", "reused", "seconds"}, asset
    for row in summary["metrics"]:
        assert {"dataset", "method", "protocol", "split", "metric", "value"} <= set(row)
        assert row["dataset"] == "tiny"
    averages = {r["method"] for r in summary["metrics"] if r["metric"] == "average_mAP"}
    assert averages == {"zeal", "zeal-known-classes", "clip-only", "random"}
    assert "filter_recall" in {row["metric"] for row in summary["metrics"]}

    query = "select method, value from localization_metrics where metric = 'average_mAP'"
    rows = json.loads(cli("sql", query, "--json").out)
    expected = [r for r in summary["metrics"] if r["metric"] == "average_mAP"]
    assert rows == [{"method": r["method"], "value": r["value"]} for r in expected]
    (recommended,) = [line for line in ended.out.splitlines() if "zs-dagster sql" in line]
    assert "clip-only" in cli("sql", recommended.split('"')[1]).out
    bad = cli("sql", "select nothing from nowhere")
    assert bad.status == 2
    assert "the query failed: " in bad.err
    write = cli("sql", "delete from segments")
    assert write.status == 2
    assert "read-only" in write.err


def test_a_trial_is_told_as_one_until_a_run_without_it(cli: "Cli", tiny: "TinyHome") -> None:
    def stale() -> dict[str, str]:
        states = json.loads(cli("status", "tiny", "--json").out)
        return {name: one["why"] for name, one in states.items() if one["state"] != "fresh"}

    assert cli("run", "tiny").status == 0
    # The same home again, after one parameter: the option arrives, nothing is scored.
    again = cli("run", "tiny", "--set", "segments.parameters={confidence_weight: 0.9}")
    query = "select count(distinct run_id) n from metrics_history"
    assert json.loads(cli("sql", query, "--json").out) == [{"n": 2}]
    given = 'segments with {"parameters": {"confidence_weight": 0.9}}'
    assert f"note: {given}, not as the dataset file says" in again.err
    page = tiny.root / "reports" / "tiny.html"
    assert "confidence_weight" in page.read_text()
    assert stale()["segments"].startswith("made with ")
    assert stale()["localization_metrics"] == "waits for segments"
    assert "frame_confidence" not in stale()

    plain = cli("run", "tiny")
    assert "note:" not in plain.err
    assert "confidence_weight" not in page.read_text()
    assert stale() == {}
    # What was deleted is not fresh.
    shutil.rmtree(tiny.root / "tables" / "segments")
    page.unlink()
    assert stale()["segments"] == "its table is gone"
    assert stale()["report"].startswith("its page is gone; waits for ")
    assert "frame_confidence" not in stale()


def test_a_stage_that_fails_ends_with_one_line(cli: "Cli", tiny: "TinyHome") -> None:
    bank = yaml.safe_load(tiny.bank_file.read_text())
    del bank["purple ball falls"]["end_question"]
    tiny.bank_file.write_text(yaml.safe_dump(bank))
    ended = cli("run", "tiny")
    assert ended.status == 2
    last = ended.err.strip().splitlines()[-1]
    assert last.startswith("error: class 'purple ball falls' in '")
    assert "Traceback" not in ended.err


@pytest.mark.usefixtures("tiny")
def test_missing_weights_are_a_failed_stage(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    from zs_dagster.errors import ModelError
    from zs_dagster.models import loading

    def lost(profile: str, device: str) -> None:
        raise ModelError(f"no weights of {profile} for {device}")

    monkeypatch.setattr(loading, "_clip", lost)
    ended = cli("run", "tiny")
    assert ended.status == 1
    assert "error: no weights of demo for auto" in ended.err


def test_an_unknown_dataset_lists_the_known_ones(cli: "Cli", tiny: "TinyHome") -> None:
    ended = cli("run", "tinny")
    assert ended.status == 2
    assert ", tiny, ucf101, got 'tinny'; describe a new one" in ended.err
    assert not (tiny.root / "tables").exists()


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ("segments", "--set takes ASSET.KEY=VALUE, got 'segments'"),
        ("segments.parameters", "--set takes ASSET.KEY=VALUE"),
        ("parameters=1", "--set takes ASSET.KEY=VALUE"),
        (".parameters=1", "--set takes ASSET.KEY=VALUE"),
        ("segments.=1", "--set takes ASSET.KEY=VALUE"),
        ("segments.parameters={a: [", "--set segments.parameters: the value must be YAML"),
        ("segments.lambda=1", "--set: segments has parameters, got 'lambda'"),
        ("segmentz.parameters={}", "--set: 'segmentz' takes no options"),
        ("segments.parameters=fast", "--set segments.parameters: Input should be a valid dict"),
        ("segments.parameters=", "--set segments.parameters: Input should be a valid dict"),
        ("segments.parameters={a: 1}", "unknown ZEAL parameter a; known are"),
        ("segments.parameters={confidence_weight: 9}", "a number in [0, 1], got 9.0"),
        ("class_queries.descriptions={none: x}", "'none' is not a class of dataset 'tiny'"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_a_bad_setting_is_bad_input(cli: "Cli", option: str, rule: str) -> None:
    ended = cli("run", "tiny", "--set", option)
    assert ended.status == 2, ended.err
    assert rule in ended.err
    assert ended.err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in ended.err
    assert not (Home.from_environment().root / "tables").exists()


def test_settings_of_one_asset_are_joined_and_values_are_yaml() -> None:
    parsed = parse_options(["a.x=1", "a.y=[b, 'c=d']", "b.x=", "b.y=t: 2"])
    assert parsed == {"a": {"x": 1, "y": ["b", "c=d"]}, "b": {"x": None, "y": {"t": 2}}}
    with pytest.raises(InputError, match=r"--set takes ASSET\.KEY=VALUE, got 'x'"):
        parse_options(["a.x=1", "x"])


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("where", ["none/out.json", "."], ids=["no folder", "a folder"])
def test_a_summary_needs_an_existing_folder(cli: "Cli", tmp_path: Path, where: str) -> None:
    ended = cli("run", "tiny", "--json", tmp_path / where)
    assert ended.status == 2
    rule = f"--json needs a file in an existing folder, got '{tmp_path / where}'"
    assert rule in ended.err


@pytest.mark.usefixtures("tiny")
def test_sql_without_results_says_what_to_run(cli: "Cli") -> None:
    ended = cli("sql", "from videos")
    assert ended.status == 2
    assert "there are no results in " in ended.err
    assert "run `zs-dagster demo` first" in ended.err


def test_a_run_that_is_killed_is_completed_by_the_next_one(
    tiny: "TinyHome", pristine: "TinyHome", spawn: "Cli", tmp_path: Path
) -> None:
    where = {"ZS_HOME": str(tiny.root), "DAGSTER_HOME": str(tiny.root / "dagster")}
    assert spawn("run", "tiny", folder=tmp_path, before=KILLER, **where).status == -9
    entries = list((tiny.root / "store" / "frame_confidence").rglob("*.safetensors"))
    assert entries
    # A killed run holds the slot of its pool; the doctor sees it, the next run frees it.
    sick = spawn("doctor", "--json", folder=tmp_path, **where)
    checks = {row["check"]: row for row in json.loads(sick.out)}
    assert (sick.status, checks["runs"]["ok"]) == (1, False)
    ended = spawn("run", "tiny", "--json", tmp_path / "out.json", folder=tmp_path, **where)
    assert ended.status == 0, ended.err
    stage = json.loads((tmp_path / "out.json").read_text())["stages"]["frame_confidence"]
    assert stage["reused"] == len(entries)
    assert stage["computed"] > 0

    calm = pristine.copy(tmp_path / "calm")
    where = {"ZS_HOME": str(calm.root), "DAGSTER_HOME": str(calm.root / "dagster")}
    assert spawn("run", "tiny", folder=tmp_path, **where).status == 0
    assert scores(tiny.root) == scores(calm.root)


def test_bad_input_in_a_process_of_its_own_is_one_line(spawn: "Cli", tmp_path: Path) -> None:
    where = {"ZS_HOME": str(tmp_path / "zs"), "DAGSTER_HOME": str(tmp_path / "zs" / "dagster")}
    ended = spawn("run", "tinny", folder=tmp_path, **where)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("error: dataset must be one of activitynet13, demo, ")
    assert ended.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["zs"]
    assert sys.executable not in ended.err
