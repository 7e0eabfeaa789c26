"""Ablations, losses and kinds of errors of a finished run, from what it scored."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from assets.ablations import filter_rows, map_rows, plain_methods
from assets.cached_predictions import CachedPredictions
from assets.cached_scores import CachedScores
from assets.charts import ablation_charts, error_chart, loss_chart
from assets.labelled import found_segments
from zs_dagster.errors import InputError
from zs_dagster.evaluation.class_filter import filter_quality
from zs_dagster.evaluation.grid import Point
from zs_dagster.home import Home
from zs_dagster.segments import LabelledSegments

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run
    from tests.conftest import TinyHome

Row = tuple[str, str, float, float, float]


def as_rows(found: LabelledSegments) -> set[Row]:
    columns = (found.segments.start_s, found.segments.end_s, found.segments.score)
    names = (found.video_id.tolist(), found.label.tolist())
    return set(zip(*names, *(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("method", ["zeal", "zeal-known-classes", "clip-only", "random"])
def test_the_present_setting_gives_the_segments_of_the_run(
    finished: "Finished", scores: CachedScores, method: str
) -> None:
    expected = found_segments(finished.home, "tiny", [method])[method]
    assert len(expected)
    assert as_rows(CachedPredictions(scores, method)({})) == as_rows(expected)


def test_a_setting_gives_the_segments_of_a_run_with_it(
    scores: CachedScores, again: "TinyHome", run_localize: Callable[..., "Run"]
) -> None:
    point: Point = {"confidence_weight": 0.9, "top_k": 1, "filter_text": "description"}
    of = {"zeal": {"parameters": {"confidence_weight": 0.9}}}
    options = {"top_k": 1, "filter_text": "description", "score_known_classes": True}
    again.describe(localization={"fps": 1, "methods": of, **options})
    run_localize(again, only=["candidate_classes", "frame_confidence", "segments"])
    expected = found_segments(Home(again.root), "tiny", ["zeal"])["zeal"]
    predict = CachedPredictions(scores, "zeal")
    assert as_rows(predict(point)) == as_rows(expected)
    # Whatever was asked before, a setting has one answer.
    assert as_rows(predict({})) != as_rows(expected)
    assert as_rows(predict(point)) == as_rows(expected)


def test_a_lower_rate_looks_at_every_nth_frame(scores: CachedScores) -> None:
    predict = CachedPredictions(scores, "zeal")
    full, half = (
        [scores for video in predict.chosen(point) for scores in video]
        for point in ({}, {"fps": 0.5})
    )
    for every, second in zip(full, half, strict=True):
        assert second.time_s.tolist() == every.time_s[::2].tolist()
        assert second.confidence.tolist() == every.confidence[::2].tolist()
        assert second.end_s == every.end_s
    assert as_rows(predict({})) != as_rows(predict({"fps": 0.5}))


@pytest.mark.parametrize(
    ("method", "point", "rule"),
    [
        ("zeal", {"lambda": 1}, "unknown ZEAL parameter lambda; known are variant"),
        ("zeal", {"confidence_weight": 2}, r"confidence_weight must be a number in \[0, 1\]"),
        ("zeal", {"fps": 0.7}, "fps must be the scored rate 1 divided by a whole number, got"),
        ("zeal", {"fps": 2}, "fps must be the scored rate 1 divided by a whole number, got 2"),
        ("zeal", {"fps": "fast"}, "fps must be the scored rate 1 divided by a whole number"),
        ("zeal", {"top_k": 1.5}, "top_k must be a whole number >= 1, got 1.5"),
        ("zeal", {"filter_frames": 0}, "filter_frames must be a whole number >= 1, got 0"),
        ("zeal", {"filter_text": "title"}, "filter_text must be name or description, got"),
        ("clip-only", {"confidence_weight": 0}, "unknown CLIP-only parameter"),
        ("none", {}, "method must be one of zeal, zeal-known-classes, clip-only, random, got"),
    ],
)
def test_settings_that_mean_nothing_are_refused_before_any_is_evaluated(
    scores: CachedScores, method: str, point: Point, rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        CachedPredictions(scores, method).check([{}, point])


def test_classes_never_asked_about_are_refused_with_what_a_run_would_ask(
    scores: CachedScores,
) -> None:
    lacking = {video: 3 - len(of) for video, of in scores.videos.items()}
    frames = sum(2 * n * len(scores.videos[v][0].time_s) for v, n in lacking.items())
    assert frames
    rule = (
        f"cannot answer top_k=3: {sum(lacking.values())} classes of "
        f"{sum(map(bool, lacking.values()))} videos were never asked about; .* "
        f"which asks {frames} questions about frames"
    )
    with pytest.raises(InputError, match=rule):
        CachedPredictions(scores, "zeal").check([{"top_k": 2}, {"top_k": 3}])
    # Who does not ask the filter can be moved along it.
    CachedPredictions(scores, "zeal-known-classes").check([{"top_k": 3}])


def test_ablations_are_of_the_plain_methods_of_each_preset(scores: CachedScores) -> None:
    assert plain_methods(scores.dataset) == ["zeal"]
    rows = map_rows(scores)
    assert {row["method"] for row in rows} == {"zeal"}
    assert all(row["low"] <= row["high"] for row in rows)
    at = {row["setting"]: row for row in rows if row["figure"] == "lambda"}
    assert at["0.2"]["published"] == 0.16
    assert at["0.1"]["value"] == next(
        row["value"] for row in rows if row["figure"] == "fps" and row["setting"] == "1.0"
    )


def test_the_filter_is_judged_at_every_k_although_not_every_class_was_asked_about(
    finished: "Finished", scores: CachedScores
) -> None:
    rows = filter_rows(scores)
    found = {
        (row["setting"], row["metric"]): row["value"]
        for row in rows
        if row["figure"] == "filter-k"
    }
    table = finished.home.tables.rows("candidate_classes", "tiny")
    best: dict[str, list[str]] = {}
    known: dict[str, set[str]] = {}
    for row in sorted(table, key=lambda row: int(row["rank"])):
        best.setdefault(row["video_id"], []).append(row["label"])
        known.setdefault(row["video_id"], set()).update(
            [row["label"]] if row["is_known"] else []
        )
    expected: dict[Any, float] = {}
    for k in (1, 2, 3):
        quality = filter_quality(best, known, k)
        expected[str(k), "filter_precision"] = quality.precision
        expected[str(k), "filter_recall"] = quality.recall
    assert found == expected
    assert found["3", "filter_recall"] == 1


def test_one_backbone_is_in_the_home(finished: "Finished") -> None:
    rows = [
        r for r in finished.home.tables.rows("ablations", "tiny") if r["figure"] == "backbone"
    ]
    table = finished.home.tables.rows("localization_metrics", "tiny")
    quality = {row["metric"]: row["value"] for row in table if row["method"] == "class-filter"}
    assert {row["setting"] for row in rows} == {"demo"}
    assert {row["metric"]: row["value"] for row in rows} == quality


def test_the_waterfall_ends_at_the_metrics_of_the_run(finished: "Finished") -> None:
    rows = finished.home.tables.rows("loss_waterfall", "tiny")
    metrics = finished.home.tables.rows("localization_metrics", "tiny")
    average = {r["method"]: r["value"] for r in metrics if r["metric"] == "average_mAP"}
    last = {row["method"]: row["average_mAP"] for row in rows if row["stage"] == "ranking"}
    assert last == {method: pytest.approx(average[method]) for method in last}
    assert set(last) == {"zeal", "zeal-known-classes", "clip-only"}
    assert all(row["loss"] >= -1e-9 for row in rows)
    stages = [row["stage"] for row in rows if row["method"] == "zeal"]
    assert stages == ["sampling", "class filter", "candidates", "pairs", "segments", "ranking"]
    of_known = [r for r in rows if r["method"] == "zeal-known-classes"]
    assert next(r["loss"] for r in of_known if r["stage"] == "class filter") == 0


def test_kinds_of_errors_count_every_true_segment_once(finished: "Finished") -> None:
    rows = finished.home.tables.rows("error_types", "tiny")
    truth = finished.home.tables.rows("annotations", "tiny")
    for method in ("zeal", "random"):
        at = [row for row in rows if (row["method"], row["tiou"]) == (method, 0.5)]
        count = {row["error"]: row["count"] for row in at}
        assert count["true positive"] + count["missed"] == len(truth)


def test_the_report_and_the_ui_show_the_charts(finished: "Finished") -> None:
    page = (finished.home.reports / "tiny.html").read_text(encoding="utf-8")
    tables = finished.home.tables
    charts = ablation_charts(tables.rows("ablations", "tiny"))
    assert [chart.title for chart in charts][:1] == ["Weight of the LVLM confidence"]
    losses = loss_chart(tables.rows("loss_waterfall", "tiny"))
    errors = error_chart(tables.rows("error_types", "tiny"))
    assert losses is not None
    assert errors is not None
    for chart in (*charts, losses, errors):
        assert f"<h3>{chart.title}</h3>" in page
    metadata = finished.run.metadata
    pictures = [
        *(metadata["ablations"]["charts"], metadata["loss_waterfall"]["chart"]),
        metadata["error_types"]["chart"],
    ]
    assert all("data:image/png;base64," in picture for picture in pictures)


def test_without_ground_truth_the_tables_are_empty(
    again: "TinyHome", run_localize: Callable[..., "Run"]
) -> None:
    again.describe(annotations=None)
    charted = ["ablations", "loss_waterfall", "error_types", "report"]
    run_localize(
        again,
        only=["annotations", "candidate_classes", "segments", "localization_metrics", *charted],
    )
    tables = Home(again.root).tables
    assert [tables.rows(table, "tiny") for table in charted[:-1]] == [[], [], []]
