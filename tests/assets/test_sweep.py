"""`zs-dagster sweep` over the scores of a finished run."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.cli.sweep import sweep_grid
from zs_dagster.errors import InputError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome

GRID = ["confidence_weight=0:1:0.5", "top_k=1,2"]


@pytest.fixture
def home(again: "TinyHome", monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("DAGSTER_HOME", str(again.root / "dagster"))
    monkeypatch.setattr(sys, "path", sys.path[:])
    return Home(again.root)


def test_a_grid_is_evaluated_best_first_from_the_scores_of_a_run(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = sorted((home.root / "store").rglob("*"))
    sweep_grid("tiny", grid=GRID, method="zeal", rows=2, json_file=tmp_path / "sweep.json")
    out = " ".join(capsys.readouterr().out.split())
    assert "method zeal of tiny, 6 settings, best first" in out
    assert "4 more settings: --rows, or --json FILE" in out
    assert "warning: The best of 6 settings on these videos is optimistic" in out
    found = json.loads((tmp_path / "sweep.json").read_text())
    averages = [point["average_mAP"] for point in found["points"]]
    assert averages == sorted(averages, reverse=True)
    assert {point["setting"]["top_k"] for point in found["points"]} == {1, 2}
    assert ["interval" in point for point in found["points"]] == [True] * 5 + [False]
    assert all({"low", "high"} < set(p["difference"]) for p in found["points"][:5])
    assert found["warning"].startswith("The best of 6 settings")
    # Nothing was scored or encoded.
    assert sorted((home.root / "store").rglob("*")) == written


def test_the_present_setting_has_the_number_of_the_run(home: Home, tmp_path: Path) -> None:
    sweep_grid("tiny", grid=["top_k=2"], method="zeal", rows=2, json_file=tmp_path / "one.json")
    found = json.loads((tmp_path / "one.json").read_text())
    rows = home.tables.rows("localization_metrics", "tiny")
    (run,) = [r for r in rows if (r["method"], r["metric"]) == ("zeal", "average_mAP")]
    for present in (found["present"], found["points"][0]):
        assert present["average_mAP"] == pytest.approx(run["value"])
        assert present["interval"]["low"] == pytest.approx(run["low"])
        assert present["difference"] == {"value": 0, "low": 0, "high": 0}


@pytest.mark.usefixtures("home")
def test_the_first_method_is_taken_unless_another_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sweep_grid("tiny", grid=["min_score=0,.5"], method=None, rows=2, json_file=None)
    assert "method zeal of tiny" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_a_grid_that_needs_other_scores_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="the cached scores cannot answer top_k=3"):
        sweep_grid("tiny", grid=["top_k=3"], method="zeal", rows=2, json_file=tmp_path / "no")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "no").exists()
