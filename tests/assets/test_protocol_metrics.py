"""The matrix of a finished run, and who is better in it."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.assets.conftest import Finished


def test_every_method_has_every_protocol_and_the_dataset_protocol_agrees(
    finished: "Finished",
) -> None:
    tables = finished.home.tables
    rows = tables.rows("protocol_metrics", "tiny")
    averages = {
        (r["method"], r["protocol"], r["candidates"]): r["value"]
        for r in rows
        if r["metric"] == "average_mAP"
    }
    assert {key[1] for key in averages} == {
        "activitynet",
        "activitynet-3",
        "thumos14",
        "zeal-paper",
        "t3al",
        "opentad",
        "actionformer",
    }
    told = {key[2] for key in averages if key[0] == "zeal-known-classes"}
    assert told == {"known"}
    for row in tables.rows("localization_metrics", "tiny"):
        if row["metric"] == "average_mAP" and row["method"] != "zeal-known-classes":
            ours = averages[row["method"], row["protocol"], "filtered"]
            assert ours == pytest.approx(row["value"], abs=1e-12)
    assert {row["published"] for row in rows} == {"none"}


def test_the_first_method_is_compared_with_each_other_one(finished: "Finished") -> None:
    rows = finished.home.tables.rows("method_comparisons", "tiny")
    assert {(row["method"], row["other"]) for row in rows} == {
        ("zeal", "zeal-known-classes"),
        ("zeal", "clip-only"),
        ("zeal", "random"),
    }
    for row in rows:
        assert row["verdict"] in {"better", "worse", "not shown"}
        assert "zeal" in row["sentence"]
        assert row["low"] <= row["difference"] <= row["high"]
    page = (finished.home.reports / "tiny.html").read_text(encoding="utf-8")
    assert "Under every protocol" in page
    assert "Which method is better" in page
