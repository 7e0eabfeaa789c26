"""Metrics of predicted classes, with numbers solved by hand."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from tests.assets.predictions import Probabilities, write_predictions, write_truth, write_videos
from zs_dagster.errors import DatasetError, StoreError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
A_CLIP, A_ZAR = {"classifier": "clip"}, {"classifier": "zar"}
ABC = ("a", "b", "c")
TRUTH = [("v1", "a", ""), ("v2", "a", ""), ("v3", "b", ""), ("v4", "c", ""), ("v5", "a", "")]
# v4 has no prediction.
CLIP = {
    "v1": (0.6, 0.3, 0.1),
    "v2": (0.3, 0.6, 0.1),
    "v3": (0.2, 0.7, 0.1),
    "v5": (0.05, 0.9, 0.05),
}
A, B, C = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)
ZAR = {"v1": A, "v2": A, "v3": B, "v4": B, "v5": A}
UNADAPTED = {"v1": B, "v2": A, "v3": C, "v4": C, "v5": B}
Rows = dict[tuple[str, str, str], dict[str, Any]]


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "TinyHome":
    """A home with a description of clips, and nothing else."""
    from tests.conftest import TinyHome

    monkeypatch.setenv("ZS_HOME", str(tmp_path / "home"))
    home = TinyHome(tmp_path / "home")
    describe(home, {"clip": A_CLIP, "zar": A_ZAR})
    write_videos(Home(home.root), dict.fromkeys(("v1", "v2", "v3", "v4", "v5"), "ok"))
    return home


def describe(home: "TinyHome", classifiers: dict[str, Any], **changes: object) -> None:
    said: dict[str, Any] = {"task": "classification", "classes": list(ABC), "queries": None}
    said |= {"annotations": None, "classification": {"classifiers": classifiers}}
    home.describe(**(said | changes))


def measure(home: "TinyHome") -> Rows:
    """Materialise `classification_metrics` alone; rows by method, set and metric."""
    from zs_dagster.definitions import defs

    os.environ["ZS_HOME"] = str(home.root)
    with dg.DagsterInstance.ephemeral() as instance:
        defs.resolve_job_def("classify").execute_in_process(
            partition_key="tiny",
            instance=instance,
            run_config={"loggers": QUIET},
            asset_selection=[dg.AssetKey("classification_metrics")],
        )
    rows = Home(home.root).tables.rows("classification_metrics", "tiny")
    return {(row["method"], row["split"], row["metric"]): row for row in rows}


def values(rows: Rows, method: str, split: str = "all") -> dict[str, float]:
    return {key[2]: row["value"] for key, row in rows.items() if key[:2] == (method, split)}


def predict_all(home: Home) -> None:
    write_predictions(
        home,
        {("clip", "all"): (ABC, CLIP)},
        {("zar", "all"): (ABC, ZAR), ("zar-unadapted", "all"): (ABC, UNADAPTED)},
    )


def test_accuracy_and_calibration_are_those_solved_by_hand(clips: "TinyHome") -> None:
    write_truth(Home(clips.root), TRUTH)
    predict_all(Home(clips.root))
    rows = measure(clips)
    found = values(rows, "clip")
    # v1 and v3 are right, v4 has no prediction; of the classes a third, all and none.
    assert found["top1"] == pytest.approx(2 / 5)
    assert found["top5"] == pytest.approx(4 / 5)
    assert found["mean_class_accuracy"] == pytest.approx(4 / 9)
    # One bin per video; v1 and v2 are equally sure and half of them is right.
    assert found["ece"] == pytest.approx((0.1 + 0.1 + 0.3 + 0.9) / 4)
    nll = -sum(map(math.log, (0.6, 0.3, 0.7, 0.05))) / 4
    assert found["nll"] == pytest.approx(nll, rel=1e-6)
    top1 = rows["clip", "all", "top1"]
    # Wilson's interval of 2 of 5.
    assert (top1["low"], top1["high"]) == pytest.approx((0.1176, 0.7693), abs=1e-4)
    assert rows["clip", "all", "ece"]["low"] is None
    assert top1["parameters"] == '{"name": "clip"}'
    assert top1["clip"]
    assert top1["run_id"]


def test_every_method_is_compared_with_the_first_and_adaptation_with_none(
    clips: "TinyHome",
) -> None:
    write_truth(Home(clips.root), TRUTH)
    predict_all(Home(clips.root))
    rows = measure(clips)
    paired = {key for key in rows if "minus" in key[2] or "mcnemar" in key[2]}
    assert paired == {
        (method, "all", f"{metric}_{other}")
        for method, other in (
            ("zar", "clip"),
            ("zar", "zar-unadapted"),
            ("zar-unadapted", "clip"),
        )
        for metric in ("top1_minus", "mcnemar_p")
    }
    zar = values(rows, "zar")
    # v2 and v5 are won, nothing is lost: both throws of a coin the same way.
    assert zar["top1_minus_clip"] == pytest.approx(2 / 5)
    assert zar["mcnemar_p_clip"] == 0.5
    # v1, v3 and v5 are won, v4 is lost: 2 (1 + 4) / 16.
    assert zar["top1_minus_zar-unadapted"] == pytest.approx(2 / 5)
    assert zar["mcnemar_p_zar-unadapted"] == 0.625
    gain = rows["zar", "all", "top1_minus_clip"]
    assert 0 <= gain["low"] < gain["value"] < gain["high"] <= 1
    # v2 and v4 against v1 and v3.
    assert values(rows, "zar-unadapted")["top1_minus_clip"] == 0


def test_classes_and_history_are_kept_beside(clips: "TinyHome") -> None:
    home = Home(clips.root)
    write_truth(home, TRUTH)
    predict_all(home)
    first, second = measure(clips), measure(clips)
    classes = home.tables.rows("class_accuracy", "tiny")
    of_clip = [(r["label"], r["videos"], r["accuracy"]) for r in classes[:3]]
    assert of_clip == [("a", 3, pytest.approx(1 / 3)), ("b", 1, 1.0), ("c", 1, 0.0)]
    runs = {next(iter(rows.values()))["run_id"] for rows in (first, second)}
    assert set(home.tables.parts("classification_history", "tiny")) == runs
    assert len(runs) == 2


def test_any_class_of_a_video_counts_and_what_cannot_be_read_is_wrong(
    clips: "TinyHome",
) -> None:
    home = Home(clips.root)
    describe(clips, {"clip": A_CLIP})
    status = {"v1": "ok", "v2": "ok", "bad": "unreadable", "out": "excluded"}
    write_videos(home, status)
    write_truth(home, [("v1", "a", ""), ("v1", "b", ""), ("v2", "a", ""), ("bad", "a", "")])
    said = {"v1": (0.2, 0.5, 0.3), "v2": (0.5, 0.3, 0.2)}
    write_predictions(home, {("clip", "all"): (ABC, said)})
    found = values(measure(clips), "clip")
    assert found["top1"] == pytest.approx(2 / 3)
    assert found["nll"] == pytest.approx(-(math.log(0.7) + math.log(0.5)) / 2, rel=1e-6)


def test_official_lists_and_divisions_are_sets_with_means(clips: "TinyHome") -> None:
    home = Home(clips.root)
    (clips.root / "splits.yaml").write_text(
        "base-to-novel: {seen: [a, b], unseen: [c]}\nhard: {unseen: [b, c]}\n"
    )
    describe(clips, {"clip": A_CLIP}, splits="../splits.yaml")
    lists = {"v1": "test1 train2", "v2": "test1", "v3": "test1 test2", "v4": "test1 test2"}
    write_truth(home, [(v, label, lists.get(v, "train1")) for v, label, _ in TRUTH])
    all_right = {"v1": A, "v2": B, "v3": B, "v4": C}
    sets: dict[str, tuple[Sequence[str], Probabilities]] = {
        "test1": (ABC, all_right),
        "test2": (ABC, {v: all_right[v] for v in ("v3", "v4")}),
        "base-to-novel/base": (("a", "b"), {"v1": A[:2], "v2": B[:2], "v3": B[:2]}),
        "base-to-novel/novel": (("c",), {"v4": (1.0,)}),
        "hard": (("b", "c"), {"v3": (0.1, 0.9), "v4": (0.1, 0.9)}),
    }
    write_predictions(home, {("clip", name): said for name, said in sets.items()})
    rows = measure(clips)
    top1 = {key[1]: row["value"] for key, row in rows.items() if key[2] == "top1"}
    assert top1 == {
        "test1": pytest.approx(3 / 4),
        "test2": 1.0,
        "base-to-novel/base": pytest.approx(2 / 3),
        "base-to-novel/novel": 1.0,
        "hard": 0.5,
    }
    over = values(rows, "clip", "test*")
    assert over["top1_mean"] == pytest.approx(7 / 8)
    assert over["top1_sd"] == pytest.approx(math.sqrt(1 / 32))
    assert over["top1_sd0"] == pytest.approx(1 / 8)
    # 2 · 2/3 · 1 / (5/3).
    assert values(rows, "clip", "base-to-novel") == {"top1_harmonic_mean": pytest.approx(0.8)}


def test_without_ground_truth_there_are_no_numbers(clips: "TinyHome") -> None:
    home = Home(clips.root)
    write_truth(home, [])
    predict_all(home)
    assert measure(clips) == {}
    assert home.tables.rows("class_accuracy", "tiny") == []


def test_predictions_of_another_description_are_refused(clips: "TinyHome") -> None:
    home = Home(clips.root)
    write_truth(home, TRUTH)
    predict_all(home)
    describe(clips, {"clip": A_CLIP, "more": A_CLIP})
    with pytest.raises(StoreError, match=r"'more' on 'all' of dataset 'tiny' changed since"):
        measure(clips)
    describe(clips, {"clip": A_CLIP}, classes=["a", "b", "c", "d"])
    with pytest.raises(StoreError, match=r"the classes of 'clip' on 'all' of dataset 'tiny'"):
        measure(clips)


def test_untrimmed_videos_are_not_classified(clips: "TinyHome") -> None:
    describe(clips, {"clip": A_CLIP}, task="localization")
    rule = "dataset 'tiny' is for localization: its videos hold several actions"
    with pytest.raises(DatasetError, match=rule):
        measure(clips)
