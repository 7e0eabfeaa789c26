"""The charts of a report as one PNG picture, for where only pictures are shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zs_dagster.report import drawing
from zs_dagster.report.charts import Chart, Series
from zs_dagster.report.png import WIDTH_PX, encode, new_figure, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_BYTES = 200_000
COLUMNS, ROW_PX = 2, 270
LEFT_PX = {"lines": 58, "bars": 96}
COLOURS = (drawing.TRUTH, drawing.PREDICTION, "#2f7d3b", "#8b3fa0")


def charts_png(charts: Sequence[Chart], max_bytes: int = MAX_BYTES) -> bytes:
    """Draw charts beside and below each other.

    Args:
        charts: One or more.
        max_bytes: Size limit; colours, then pixels are reduced to keep it.

    Returns:
        A PNG, 900 pixels wide unless reduced. Equal input gives equal bytes.

    Raises:
        InputError: If no reduction keeps ``max_bytes``.
    """
    columns = min(COLUMNS, len(charts))
    rows = -(-len(charts) // columns)
    figure = new_figure(ROW_PX * rows)
    for number, chart in enumerate(charts):
        axis = figure.add_subplot(rows, columns, number + 1)
        drawing.quiet(axis)
        (_draw_lines if chart.kind == "lines" else _draw_bars)(axis, chart)
        title = {"fontsize": 10, "color": drawing.INK, "parse_math": False}
        axis.set_title(chart.title, title, loc="left", pad=20)
        _write_legend(axis, chart)
    # Fixed margins: finding tight ones takes longer than drawing.
    height = ROW_PX * rows
    figure.subplots_adjust(
        left=LEFT_PX[charts[0].kind] / WIDTH_PX,
        right=1 - 16 / WIDTH_PX,
        top=1 - 48 / height,
        bottom=44 / height,
        wspace=0.22,
        hspace=0.62,
    )
    return encode(figure, max_bytes)


def _colour(series: Series, number: int) -> str:
    return drawing.MUTED if series.is_published else COLOURS[number % len(COLOURS)]


def _write_legend(axis: "Axes", chart: Chart) -> None:
    parts = [
        (f"— {one_line(s.name, 24)}", _colour(s, number))
        for number, s in enumerate(chart.series)
    ]
    drawing.write_above(axis, parts)


def _draw_lines(axis: "Axes", chart: Chart) -> None:
    at = np.arange(len(chart.categories))
    for number, series in enumerate(chart.series):
        colour, style = _colour(series, number), "--" if series.is_published else "-"
        percent = [np.nan if v is None else 100 * v for v in series.values]
        axis.plot(at, percent, style, color=colour, marker="o", ms=3, lw=1.4)
        if series.intervals:
            ends = [i or (np.nan, np.nan) for i in series.intervals]
            low, high = 100 * np.array(ends, dtype=np.float64).T
            axis.fill_between(at, low, high, color=colour, alpha=0.14, linewidth=0)
    axis.set_xticks(at, chart.categories)
    axis.set_ylim(0, 100 * chart.top)
    axis.set_xlabel(chart.axis, color=drawing.MUTED, **drawing.PLAIN)
    axis.set_ylabel(chart.unit, color=drawing.MUTED, **drawing.PLAIN)


def _draw_bars(axis: "Axes", chart: Chart) -> None:
    height = 0.8 / max(1, len(chart.series))
    for number, series in enumerate(chart.series):
        at = np.arange(len(chart.categories)) + number * height
        percent = [0.0 if v is None else 100 * max(0.0, v) for v in series.values]
        bars = axis.barh(at, percent, 0.9 * height, color=_colour(series, number))
        texts = series.texts or [f"{value:.1f}" for value in percent]
        axis.bar_label(bars, texts, padding=3, fontsize=8, color=drawing.INK)
    axis.set_yticks(np.arange(len(chart.categories)) + 0.4 - height / 2, chart.categories)
    axis.invert_yaxis()
    axis.set_xlim(0, 130 * chart.top)
    axis.set_xlabel(chart.unit, color=drawing.MUTED, **drawing.PLAIN)
