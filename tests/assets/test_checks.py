"""Lint as asset checks: what passes, what warns, what stops the run."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from zs_dagster.datasets.lint import RULES
from zs_dagster.errors import DatasetError

if TYPE_CHECKING:
    from tests.conftest import TinyHome

RISES = "purple ball rises"


def evaluations(instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    """Run the ingest of `tiny`; return what each check said."""
    from zs_dagster.definitions import defs

    keys = [dg.AssetKey(name) for name in ("videos", "annotations")]
    result = defs.resolve_job_def("localize").execute_in_process(
        partition_key="tiny",
        instance=instance,
        asset_selection=keys,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


@pytest.fixture
def checked(tiny: "TinyHome") -> Callable[[], dict[str, dg.AssetCheckEvaluation]]:
    def run() -> dict[str, dg.AssetCheckEvaluation]:
        assert tiny.root.is_dir()
        with dg.DagsterInstance.ephemeral() as instance:
            return evaluations(instance)

    return run


def test_every_rule_is_a_check_and_findings_carry_what_and_how_many(
    tiny: "TinyHome", checked: Callable[[], dict[str, dg.AssetCheckEvaluation]]
) -> None:
    tiny.annotate(
        {"first": [(RISES, 1.0, 2.0), (RISES, 2.5, 9.0)], "gone": [(RISES, 0.0, 1.0)]}
    )
    found = checked()
    assert set(found) == {rule.replace("-", "_") for rule in RULES}
    assert {evaluation.partition for evaluation in found.values()} == {"tiny"}
    failed = {name for name, evaluation in found.items() if not evaluation.passed}
    assert failed == {
        "segment_past_end",
        "missing_video",
        "unreadable_video",
        "class_without_annotation",
    }
    past = found["segment_past_end"]
    assert past.severity == dg.AssetCheckSeverity.WARN
    assert past.metadata["count"].value == 1
    assert "first purple ball rises 2.5 to 9 s, the video ends at 3.00 s" in str(
        past.description
    )


def test_an_error_stops_the_run_and_is_shown_as_one(
    tiny: "TinyHome", checked: Callable[[], dict[str, dg.AssetCheckEvaluation]]
) -> None:
    (tiny.root / "splits.yaml").write_text(f"s: {{unseen: [{RISES}], seen: [{RISES}]}}\n")
    tiny.describe(splits="../splits.yaml")
    overlap = checked()["seen_unseen_overlap"]
    assert (overlap.passed, overlap.severity) == (False, dg.AssetCheckSeverity.ERROR)
    from zs_dagster.definitions import defs

    with (
        dg.DagsterInstance.ephemeral() as instance,
        pytest.raises(DatasetError, match=r"seen-unseen-overlap: 1 .*would not be zero-shot"),
    ):
        defs.resolve_job_def("localize").execute_in_process(
            partition_key="tiny",
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def test_excluded_videos_are_rows_with_the_reason_and_nothing_else(tiny: "TinyHome") -> None:
    from zs_dagster.home import Home

    tiny.describe(excluded={"first": "a test"})
    with dg.DagsterInstance.ephemeral() as instance:
        evaluations(instance)
    home = Home(tiny.root)
    rows = {row["video_id"]: row for row in home.tables.rows("videos", "tiny")}
    assert (rows["first"]["status"], rows["first"]["reason"]) == ("excluded", "a test")
    assert rows["broken"]["error"] == "NotAVideo"
    assert rows["third"]["backend"] == "pyav"
    truth = home.tables.rows("annotations", "tiny")
    assert {row["video_id"] for row in truth} == {"nested/second", "third"}
