"""The page of a dataset of clips, from tables made by hand."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from tests.assets.predictions import write_predictions, write_truth, write_videos
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
AB = ("a", "b")
A, B = (0.75, 0.25), (0.25, 0.75)
CLASSIFIERS = {
    "clip": {"classifier": "clip", "description": "Plain CLIP"},
    "zar": {"classifier": "zar"},
}


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "TinyHome":
    """Three clips of two classes and a broken file, classified; no frames are known."""
    from tests.conftest import TinyHome

    monkeypatch.setenv("ZS_HOME", str(tmp_path / "home"))
    files = TinyHome(tmp_path / "home")
    said: dict[str, Any] = {"task": "classification", "classes": list(AB), "queries": None}
    files.describe(
        **said, annotations=None, classification={"classifiers": CLASSIFIERS}, profile="demo"
    )
    home = Home(files.root)
    write_videos(home, {"v1": "ok", "v2": "ok", "v3": "ok", "bad": "unreadable"})
    home.tables.write("frame_features", "tiny", [])
    write_predictions(
        home,
        {("clip", "all"): (AB, {"v1": A, "v2": A, "v3": A})},
        {
            ("zar", "all"): (AB, {"v1": A, "v2": B, "v3": A}),
            ("zar-unadapted", "all"): (AB, {"v1": A, "v2": A, "v3": A}),
        },
    )
    return files


def page(files: "TinyHome") -> str:
    """Materialise metrics and report alone; the text of the page."""
    from zs_dagster.definitions import defs

    os.environ["ZS_HOME"] = str(files.root)
    wanted: Sequence[str] = ("classification_metrics", "classification_report")
    with dg.DagsterInstance.ephemeral() as instance:
        defs.resolve_job_def("classify").execute_in_process(
            partition_key="tiny",
            instance=instance,
            run_config={"loggers": QUIET},
            asset_selection=[dg.AssetKey(name) for name in wanted],
        )
    return (Home(files.root).reports / "tiny.html").read_text(encoding="utf-8")


def test_numbers_differences_and_what_is_wrong_are_on_the_page(clips: "TinyHome") -> None:
    write_truth(Home(clips.root), [("v1", "a", ""), ("v2", "b", ""), ("v3", "b", "")])
    text = page(clips)
    for said in ("Plain CLIP", "zar without its adaptation, on the same frames", "bad"):
        assert said in text
    # v3 is wrong for all, v2 for two of three, v1 for none.
    places = [text.index(f">{video}<") for video in ("v3", "v2", "v1")]
    assert places == sorted(places)
    assert "know only the drawn shapes" in text


def test_without_ground_truth_the_guesses_are_shown(clips: "TinyHome") -> None:
    write_truth(Home(clips.root), [])
    text = page(clips)
    places = [text.index(f">{video}<") for video in ("v1", "v2", "v3")]
    assert places == sorted(places)


def test_accuracy_on_other_sets_and_over_them_is_said(clips: "TinyHome") -> None:
    home = Home(clips.root)
    lists = (("v1", "a", "test1"), ("v2", "b", "test1 test2"), ("v3", "b", "test2"))
    write_truth(home, lists)
    clips.describe(
        task="classification",
        classes=list(AB),
        queries=None,
        annotations=None,
        classification={"classifiers": {"clip": CLASSIFIERS["clip"]}},
    )
    sets = {"test1": {"v1": A, "v2": B}, "test2": {"v2": B, "v3": A}}
    write_predictions(home, {("clip", name): (AB, said) for name, said in sets.items()})
    text = page(clips)
    assert "clip on test2: top-1 50.0% (95 % interval " in text
    assert "clip over test*: mean top-1 75.0%, sd 35.4 points." in text
    assert "clip on test1: top-1" not in text
