"""Rows of tables -> the charts of the report and of the UI."""

from collections.abc import Mapping, Sequence
from typing import Any

from zs_dagster.evaluation.figures import AVERAGE, Figure, load_figures
from zs_dagster.report.charts import Chart, Series

Row = Mapping[str, Any]
LOSS_READING = (
    "How much mAP is still possible after each stage, were all that follows perfect; in "
    "brackets what the stage costs. The largest cost is where work pays."
)
ERROR_READING = (
    "mAP gained if all errors of one kind were gone, and how many there are at the first "
    "threshold; the gains do not add up."
)


def ablation_charts(rows: Sequence[Row]) -> list[Chart]:
    """Return a chart per figure that has more than one setting."""
    charts = []
    for figure in load_figures():
        mine = [row for row in rows if row["figure"] == figure.name]
        if len({row["setting"] for row in mine}) > 1:
            charts.append(_ablation_chart(figure, mine))
    return charts


def _ablation_chart(figure: Figure, rows: Sequence[Row]) -> Chart:
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    is_average = figure.metrics == (AVERAGE,)
    series = []
    for method, metric in dict.fromkeys((row["method"], row["metric"]) for row in rows):
        of = {r["setting"]: r for r in rows if (r["method"], r["metric"]) == (method, metric)}
        series.append(
            Series(
                method if is_average else metric.removeprefix("filter_"),
                [of[s]["value"] if s in of else None for s in settings],
                [_ends(of.get(setting)) for setting in settings] if is_average else (),
            )
        )
    published = {row["setting"]: row["published"] for row in rows}
    if any(value is not None for value in published.values()):
        series.append(Series(figure.source, list(published.values()), is_published=True))
    names = [_short(setting) for setting in settings]
    unit = "average mAP, %" if is_average else "of video-class pairs, %"
    return Chart(figure.title, figure.reading, figure.axis, names, series, unit=unit)


def _ends(row: Row | None) -> tuple[float, float] | None:
    return None if row is None or row["low"] is None else (row["low"], row["high"])


def _short(setting: str) -> str:
    return setting.removesuffix(".0")


def loss_chart(rows: Sequence[Row]) -> Chart | None:
    """Return the loss waterfall of the methods that have the stages of the first."""
    methods = _by_method(rows)
    stages = [row["stage"] for row in next(iter(methods.values()), [])]
    series = [
        Series(
            method,
            [row["average_mAP"] for row in of],
            texts=[f"{100 * r['average_mAP']:.1f}{_cost(r['loss'])}" for r in of],
        )
        for method, of in methods.items()
        if [row["stage"] for row in of] == stages
    ]
    if not series:
        return None
    title = "Still possible after each stage"
    return Chart(title, LOSS_READING, "stage", stages, series[:4], "bars")


def _cost(loss: float) -> str:
    """Write what a stage costs, nothing where that is nothing."""
    return f" (\N{MINUS SIGN}{100 * loss:.1f})" if loss >= 0.0005 else ""


def error_chart(rows: Sequence[Row]) -> Chart | None:
    """Return the mAP that each kind of error costs, averaged over thresholds."""
    methods = _by_method([row for row in rows if row["error"] != "true positive"])
    kinds = list(dict.fromkeys(row["error"] for row in rows if row["error"] != "true positive"))
    series = []
    for method, of in methods.items():
        gains = [_mean([row["gain"] for row in of if row["error"] == kind]) for kind in kinds]
        counts = [next(row["count"] for row in of if row["error"] == kind) for kind in kinds]
        texts = [f"{100 * g:+.1f} (n = {n:,})" for g, n in zip(gains, counts, strict=True)]
        series.append(Series(method, gains, texts=texts))
    if not series:
        return None
    unit = "average mAP gained, percentage points"
    return Chart("Kinds of errors", ERROR_READING, "kind", kinds, series[:4], "bars", unit)


def _by_method(rows: Sequence[Row]) -> dict[str, list[Row]]:
    methods: dict[str, list[Row]] = {}
    for row in rows:
        methods.setdefault(row["method"], []).append(row)
    return methods


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
