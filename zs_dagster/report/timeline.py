"""The timeline of one video, and the methods of one dataset, as small PNG pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zs_dagster.report import drawing
from zs_dagster.report.data import ClassCurves, MetricRow, VideoReview
from zs_dagster.report.png import WIDTH_PX, encode, new_figure, one_line
from zs_dagster.report.view import axis_top, count, labels, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_BYTES = 100_000
ROW_PX, PANEL_PX, GAP_PX, HEAD_PX, FOOT_PX, LEFT_PX, RIGHT_PX = 26, 80, 28, 50, 36, 188, 16

Panel = tuple[str, list[str]]


def timeline_png(video: VideoReview, max_bytes: int = MAX_BYTES) -> bytes:
    """Draw one video: a row per class, and below it the curves of the leading class.

    Args:
        video: What to draw: its `shown` predictions, of at most 24 classes.
        max_bytes: Size limit; colours, then pixels are reduced to keep it.

    Returns:
        A PNG, 900 pixels wide unless reduced. Equal input gives equal bytes.

    Raises:
        InputError: If no reduction keeps ``max_bytes``.
    """
    best = video.shown
    rows = labels((*video.ground_truth, *best))
    panels = _panels(video.leading) if video.leading else []
    heights = [ROW_PX * max(1, len(rows[: drawing.MAX_ROWS])), *(PANEL_PX for _ in panels)]
    total = HEAD_PX + FOOT_PX + sum(heights) + GAP_PX * len(panels)
    figure = new_figure(total)
    axes = _stack(figure, heights, total)
    drawing.draw_rows(axes[0], video, best, rows)
    for axis, panel in zip(axes[1:], panels, strict=True):
        _draw_panel(axis, video, panel)
    _finish(axes, video)
    _head(figure, video, len(rows), total)
    return encode(figure, max_bytes)


def metrics_png(
    rows: Sequence[MetricRow], metric: str = "average_mAP", max_bytes: int = MAX_BYTES
) -> bytes:
    """Draw one metric of every method as horizontal bars with their intervals.

    Args:
        rows: Methods, first on top.
        metric: The metric drawn; methods without it keep an empty row.
        max_bytes: Size limit, as in `timeline_png`.

    Returns:
        A PNG, 900 pixels wide unless reduced.

    Raises:
        InputError: If no reduction keeps ``max_bytes``.
    """
    height = 30 * max(1, len(rows))
    total = height + 58
    figure = new_figure(total)
    axis = figure.add_axes((LEFT_PX / WIDTH_PX, 46 / total, 0.75, height / total))
    drawing.frame(axis, [row.method for row in rows])
    for y, row in enumerate(rows):
        _draw_bar(axis, y, row, metric)
    axis.set_xlim(0, 100 * axis_top(rows, metric))
    name = one_line(metric.replace("_", " "), 60)
    axis.set_xlabel(f"{name}, %", color=drawing.MUTED, **drawing.PLAIN)
    return encode(figure, max_bytes)


def _panels(curves: ClassCurves) -> list[Panel]:
    asked = [kind for kind in ("start", "end") if len(getattr(curves, kind))]
    seen = ["actionness"] if len(curves.actionness) else []
    return [(n, kinds) for n, kinds in (("P(yes)", asked), ("CLIP similarity", seen)) if kinds]


def _stack(figure: "Figure", heights: list[int], total: int) -> list["Axes"]:
    axes, top = [], total - HEAD_PX
    width = 1 - (LEFT_PX + RIGHT_PX) / WIDTH_PX
    for height in heights:
        box = (LEFT_PX / WIDTH_PX, (top - height) / total, width, height / total)
        axes.append(figure.add_axes(box))
        top -= height + GAP_PX
    return axes


def _draw_panel(axis: "Axes", video: VideoReview, panel: Panel) -> None:
    name, kinds = panel
    if video.leading is None:
        return
    drawing.draw_curves(axis, video.leading, kinds, video.ground_truth)
    title = f"{name}, {one_line(video.leading.label, 50)}"
    words = [(drawing.CURVES[kind][2], drawing.CURVES[kind][0]) for kind in kinds]
    drawing.write_above(axis, [(title, drawing.INK), *words])


def _finish(axes: list["Axes"], video: VideoReview) -> None:
    for axis in axes:
        axis.set_xlim(0, video.length_s or 1.0)
        axis.tick_params(labelbottom=axis is axes[-1])
    axes[-1].set_xlabel("seconds", color=drawing.MUTED, labelpad=1, **drawing.PLAIN)


def _head(figure: "Figure", video: VideoReview, n_rows: int, total: int) -> None:
    hidden = n_rows - drawing.MAX_ROWS
    rest = f"{count(hidden, 'more row')} not drawn" if hidden > 0 else ""
    if video.status != "ok":
        rest = f"unreadable: {one_line(video.reason, 60)}"
    parts = [
        (f"■ {count(len(video.ground_truth), 'ground-truth segment')}", drawing.TRUTH),
        (f"■ {_amount(video)}", drawing.PREDICTION),
        (rest, drawing.MUTED),
    ]
    name, plain = one_line(video.video_id, 80), drawing.PLAIN | {"fontsize": 11}
    figure.text(LEFT_PX / WIDTH_PX, 1 - 14 / total, name, weight="bold", va="center", **plain)
    drawing.write_line(figure, LEFT_PX, 1 - 36 / total, parts)


def _amount(video: VideoReview) -> str:
    total = count(len(video.predictions), "prediction")
    drawn = len(video.shown)
    return total if drawn == len(video.predictions) else f"best {drawn} of {total}"


def _draw_bar(axis: "Axes", y: int, row: MetricRow, metric: str) -> None:
    end = row.values.get(metric, float("nan"))
    if not np.isfinite(end):
        return
    text = percent(end)
    axis.barh(y, 100 * end, height=0.52, color=drawing.TRUTH if row.highlight else "#a3abb4")
    if row.interval and np.isfinite(row.interval).all():
        low, high = row.interval
        axis.plot([100 * low, 100 * high], [y, y], "|-", color=drawing.INK, linewidth=1.2)
        end = max(end, high)
    axis.annotate(
        text, (100 * end, y), (6, 0), textcoords="offset points", va="center", **drawing.PLAIN
    )
