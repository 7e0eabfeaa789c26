"""Numbers become words the same way everywhere on the page."""

import math

import pytest

from zs_dagster.report import view
from zs_dagster.report.data import MetricRow, Report, Span, VideoReview


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.31249, "31.2"),
        (0.0, "0.0"),
        (1.0, "100.0"),
        (None, view.MISSING),
        (math.nan, view.MISSING),
    ],
)
def test_fractions_are_written_in_percent(value: float | None, text: str) -> None:
    assert view.percent(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.34, "12.3 s"), (60, "1:00"), (214, "3:34"), (3723.6, "1:02:04"), (0, view.MISSING)],
)
def test_durations(seconds: float, text: str) -> None:
    assert view.duration(seconds) == text
    assert view.duration(math.nan) == view.MISSING


@pytest.mark.parametrize(
    ("number", "text"), [(0, "no videos"), (1, "1 video"), (1204, "1,204 videos")]
)
def test_counts(number: int, text: str) -> None:
    assert view.count(number, "video") == text


def test_the_primary_metric_is_the_first_column_and_others_keep_their_order() -> None:
    rows = [MetricRow("a", values={"mAP@0.5": 0.1, "average_mAP": 0.2}), MetricRow("b")]
    rows.append(MetricRow("c", values={"filter_recall": 0.9}))
    names = view.metric_names(rows, "average_mAP")
    assert names == ["average_mAP", "mAP@0.5", "filter_recall"]


@pytest.mark.parametrize(
    ("value", "interval", "top"),
    [
        pytest.param(0.31, None, 0.4, id="next-tenth"),
        pytest.param(0.3, None, 0.3, id="exact-tenth"),
        pytest.param(0.1 + 0.2, None, 0.3, id="tenth-but-for-rounding"),
        pytest.param(0.31, (0.2, 0.46), 0.5, id="interval"),
        pytest.param(0.0, None, 0.1, id="zero"),
        pytest.param(math.nan, None, 0.1, id="missing"),
    ],
)
def test_the_axis_ends_at_a_tenth_above_everything(
    value: float, interval: tuple[float, float] | None, top: float
) -> None:
    assert view.axis_top([MetricRow("a", "", {"m": value}, interval)], "m") == top


def test_a_bar_is_as_long_as_its_share_of_the_axis() -> None:
    bar = view.bar(MetricRow("a", "", {"m": 0.25}, (0.125, 0.5)), "m", top=0.5)
    assert bar == view.Bar(70.0, 35.0, 140.0)
    assert view.bar(MetricRow("a", "", {"m": 0.25}), "m", top=0.5) == view.Bar(70.0)
    assert view.bar(MetricRow("a", "", {"m": math.nan}), "m", top=0.5) is None


@pytest.mark.parametrize(
    ("value", "step"), [(0.0, 0), (0.52, 5), (1.7, 10), (-1, 0), (None, 0)]
)
def test_cells_are_shaded_in_ten_steps(value: float | None, step: int) -> None:
    assert view.tint(value) == step


def test_methods_of_the_class_table_follow_the_metrics_table() -> None:
    report = Report(
        "d",
        "t",
        metrics=[MetricRow("zeal"), MetricRow("unused"), MetricRow("random")],
        per_class=[("jump", {"other": 0.1, "random": 0.2}), ("swing", {"zeal": 0.3})],
    )
    assert view.class_methods(report) == ["zeal", "random", "other"]


def test_the_strip_scales_time_and_draws_the_best_last() -> None:
    spans = [Span("a", 0, 1, 0.2), Span("a", 5, 10, 0.4)]
    strip = view.strip(VideoReview("v", duration_s=10, ground_truth=[Span("a", 5, 10)]))
    assert strip["truth"] == [view.Box(120.0, 120.0, 1.0)]
    strip = view.strip(VideoReview("v", duration_s=10, predictions=spans))
    assert strip["predictions"] == [view.Box(0.0, 24.0, 0.5), view.Box(120.0, 120.0, 1.0)]
    assert view.strip(VideoReview("v")) == {"truth": [], "predictions": []}


def test_a_heading_names_true_classes_or_else_predicted_ones() -> None:
    spans = [Span("low", 0, 1, 0.1), Span("high", 0, 1, 0.9)]
    assert view.classes(VideoReview("v", predictions=spans)) == "predicted: high, low"
    known = VideoReview("v", ground_truth=[Span("jump", 0, 1)], predictions=spans)
    assert view.classes(known) == "jump"
    assert view.classes(VideoReview("v")) == ""
