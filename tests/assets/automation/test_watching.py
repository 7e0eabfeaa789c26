"""What the sensor notices, and what the schedules request."""

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import dagster as dg

from assets.automation.settings import SETTINGS
from assets.automation.sources import FILES, source_key
from assets.automation.staleness import read_by
from assets.automation.watching import new_files, observe, observe_model
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.cli.staleness import report_sources
from zs_dagster.definitions import STAGES, defs
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome

NIGHT = dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC)


def look(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult | None:
    """Let the sensor look once; none where it saw nothing new."""
    resources = {"library": VideoLibrary(home=HomeResource())}
    with dg.build_sensor_context(instance, cursor, resources=resources) as context:
        found = new_files(context)
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found if isinstance(found, dg.SensorResult) else None


def skipped(instance: dg.DagsterInstance, cursor: str | None) -> tuple[str, str | None]:
    """Let the sensor look once; returns why it requests nothing, and its cursor."""
    resources = {"library": VideoLibrary(home=HomeResource())}
    with dg.build_sensor_context(instance, cursor, resources=resources) as context:
        found = new_files(context)
    if isinstance(found, dg.SkipReason):
        return str(found.skip_message), cursor
    assert isinstance(found, dg.SensorResult)
    return str(found.skip_reason.skip_message if found.skip_reason else None), found.cursor


def seen(result: dg.SensorResult | None) -> set[tuple[str | None, str]]:
    assert result is not None
    return {(e.partition, e.asset_key.to_user_string()) for e in result.asset_events}


def test_the_sensor_reports_what_changed_since_it_looked(tiny: "TinyHome") -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = look(instance)
        assert {("tiny", "video_files"), ("tiny", "questions")} <= seen(first)
        assert first is not None
        assert look(instance, first.cursor) is None
        shutil.copy(tiny.videos / "first.mp4", tiny.videos / "fourth.mp4")
        second = look(instance, first.cursor)
        assert seen(second) == {("tiny", "video_files")}
        assert second is not None
        (tiny.videos / "fourth.mp4").unlink()
        assert seen(look(instance, second.cursor)) == {("tiny", "video_files")}


def test_a_folder_that_is_not_there_is_no_change(tiny: "TinyHome") -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = look(instance)
        assert first is not None
        tiny.videos.rename(tiny.root / "unmounted")
        # The ground truth lay in the folder too, and is read where it can be.
        away = look(instance, first.cursor)
        assert ("tiny", "video_files") not in seen(away)
        (tiny.root / "unmounted").rename(tiny.videos)
        assert away is not None
        assert seen(look(instance, away.cursor)) == {("tiny", "annotation_files")}


def test_a_schedule_requests_only_datasets_that_were_run(tiny: "TinyHome") -> None:
    assert tiny.videos.is_dir()
    with dg.instance_for_test() as instance:
        assert _requests(instance, "nightly_schedule") == []
        event = dg.AssetMaterialization("videos", partition="tiny")
        instance.report_runless_asset_event(event)
        (request,) = _requests(instance, "nightly_schedule")
    assert request.partition_key == "tiny"
    assert request.run_key == "nightly/2026-11-20T02:00/tiny"
    assert request.tags["zs_dagster/reason"] == "nightly"
    found = [key.to_user_string() for key in request.asset_selection or ()]
    assert found == STAGES["localization"]


def test_what_stages_read_is_told_of_them_and_nothing_else() -> None:
    graph = defs.resolve_asset_graph()
    assert read_by(graph, ["videos"]) == ["video_files"]
    assert set(read_by(graph, STAGES["captions"])) == {
        *("video_files", "caption_files"),
        *("sentence_embeddings", "frame_features", "cezsar_model"),
    }
    everything = read_by(graph, [name for names in STAGES.values() for name in names])
    assert everything == [*FILES, *SETTINGS]


def test_a_run_tells_of_what_its_stages_read(tiny: "TinyHome") -> None:
    assert tiny.videos.is_dir()
    with dg.instance_for_test() as instance:
        report_sources(instance, "tiny")
        told = [source_key(name) for name in ("video_files", "zar_predictions")]
        seen = [bool(instance.fetch_observations(key, limit=1).records) for key in told]
    assert seen == [True, False]


def test_the_hourly_schedule_requests_what_is_stale(tiny: "TinyHome") -> None:
    library = VideoLibrary(home=HomeResource())
    with dg.instance_for_test() as instance:
        observe(instance, library.dataset("tiny"), library)
        defs.resolve_job_def("localize").execute_in_process(
            partition_key="tiny",
            instance=instance,
            asset_selection=[dg.AssetKey("videos"), dg.AssetKey("class_queries")],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert _requests(instance, "reprocess_stale_schedule") == []
        tiny.ask("purple ball rises", start_question="Is the purple ball low?")
        (request,) = _requests(instance, "reprocess_stale_schedule")
    # What was never made waits for a person.
    assert request.asset_selection == [dg.AssetKey("class_queries")]


def test_a_broken_file_is_requested_to_fail_with_its_reason(tiny: "TinyHome") -> None:
    with dg.instance_for_test() as instance:
        for name in ("tiny", "tiny-captions"):
            instance.report_runless_asset_event(
                dg.AssetMaterialization("videos", partition=name)
            )
        tiny.caption()
        tiny.describe(clases=["typo"])
        good, bad = _requests(instance, "nightly_schedule")
        assert (good.partition_key, bad.partition_key) == ("tiny-captions", "tiny")
        assert bad.asset_selection == [dg.AssetKey("videos")]
        result = defs.resolve_job_def("nightly").execute_in_process(
            partition_key="tiny",
            instance=instance,
            asset_selection=[dg.AssetKey("videos")],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "clases: unknown key" in failure.step_failure_data.error_display_string


def test_a_broken_file_is_told_once_and_again_when_it_breaks_otherwise(
    tiny: "TinyHome",
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        _, cursor = skipped(instance, None)
        tiny.describe(clases=["typo\nno line of its own"])
        first, cursor = skipped(instance, cursor)
        assert first.startswith(f"dataset 'tiny' is left out: {tiny.dataset_file}:")
        assert "clases: unknown key" in first
        assert len(first.splitlines()) == 1
        assert skipped(instance, cursor) == ("nothing changed", cursor)
        tiny.caption()
        other, cursor = skipped(instance, cursor)
        assert other == "None"
        tiny.describe(profile="none")
        second, cursor = skipped(instance, cursor)
        assert "'none'" in second
        tiny.describe()
        assert skipped(instance, cursor)[0] == "None"
        _, cursor = skipped(instance, cursor)
        assert skipped(instance, cursor)[0] == "nothing changed"


def test_the_hourly_schedule_tells_of_broken_files_that_were_run(tiny: "TinyHome") -> None:
    with dg.instance_for_test() as instance:
        assert _skip_message(instance) == "nothing is stale"
        tiny.describe(clases=["typo"])
        assert _skip_message(instance) == "nothing is stale"
        instance.report_runless_asset_event(dg.AssetMaterialization("videos", partition="tiny"))
        assert "dataset 'tiny' is left out: " in _skip_message(instance)


def test_a_model_is_told_at_once_to_what_is_trained_as_it(tiny: "TinyHome") -> None:
    library = VideoLibrary(home=HomeResource())
    tiny.caption()
    cezsar = {"classifier": "cezsar", "trained_on": "tiny-captions", "frames": 4}
    options = {"classifiers": {"cezsar": cezsar}}
    tiny.describe(task="classification", localization=None, classification=options)
    made = dg.AssetRecordsFilter(dg.AssetKey("trained_models"), asset_partitions=["tiny"])
    row: dict[str, object] = dict.fromkeys(("clip", "sentence_encoder", "parameters"), "")
    row |= dict.fromkeys(("videos", "segments", "sentences", "epochs"), 1) | {
        "text_encoder": "clip"
    }
    tables = Home(tiny.root).tables
    with dg.DagsterInstance.ephemeral() as instance:
        found = []
        for model in ("a", "b", "b"):
            tables.write("cezsar_model", "tiny-captions", [row | {"model": model}])
            observe_model(instance, "tiny-captions", library)
            observe_model(instance, "demo-captions", library)
            found.append(instance.fetch_observations(made, limit=9).records)
    assert [len(records) for records in found] == [1, 2, 2]


def _skip_message(instance: dg.DagsterInstance) -> str:
    with _context(instance) as context:
        schedule = defs.resolve_schedule_def("reprocess_stale_schedule")
        return str(schedule.evaluate_tick(context).skip_message)


def _requests(instance: dg.DagsterInstance, schedule: str) -> list[dg.RunRequest]:
    with _context(instance) as context:
        return list(
            defs.resolve_schedule_def(schedule).evaluate_tick(context).run_requests or ()
        )


def _context(instance: dg.DagsterInstance) -> dg.ScheduleEvaluationContext:
    return dg.build_schedule_context(
        instance,
        scheduled_execution_time=NIGHT,
        repository_def=defs.get_repository_def(),
        resources={"library": VideoLibrary(home=HomeResource())},
    )
