"""The parts of a picture: rows of segments, panels of curves, text that cannot break it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from zs_dagster.report.data import ClassCurves, Numbers, Span, VideoReview
from zs_dagster.report.png import DPI, boxes_for_missing_glyphs, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation, Text

MAX_ROWS = 24
INK, MUTED, FACE, GRID = "#1b1f24", "#59626d", "#f6f7f8", "#d9dde2"
TRUTH, PREDICTION = "#1f6f8b", "#c2571a"
CURVES = {  # Colour, line style, words.
    "start": ("#2f7d3b", "-", "— start question"),
    "end": ("#8b3fa0", "--", "- - end question"),
    "actionness": (MUTED, "-", ""),
}
PLAIN: dict[str, Any] = {"fontsize": 9, "parse_math": False}  # A `$` in a name is a `$`.


def frame(axis: "Axes", names: list[str]) -> None:
    """Prepare an axis with one named row per entry, the first on top."""
    axis.set_ylim(len(names) - 0.5 if names else 0.5, -0.5)
    axis.set_yticks(range(len(names)))
    quiet(axis)
    axis.grid(visible=False, axis="y")
    axis.set_yticklabels([one_line(name, 27) for name in names], color=INK, **PLAIN)


def quiet(axis: "Axes") -> None:
    """Leave only what carries information: a light ground and a light grid."""
    axis.set_axisbelow(True)
    axis.grid(visible=True, color=GRID, linewidth=0.8)
    axis.set_facecolor(FACE)
    axis.tick_params(length=0, labelsize=9, labelcolor=MUTED)
    axis.spines[:].set_visible(False)


def draw_rows(axis: "Axes", video: VideoReview, best: list[Span], rows: list[str]) -> None:
    """Draw ground truth above predictions in each class's row, the best prediction last."""
    frame(axis, rows[:MAX_ROWS])
    scores = [span.score or 0.0 for span in best]
    for span in video.ground_truth:
        _draw_span(axis, span, rows.index(span.label), TRUTH, video.length_s / 400)
    for span in reversed(best):
        colour = _faded(span.score or 0.0, min(scores), max(scores))
        _draw_span(axis, span, rows.index(span.label), colour, video.length_s / 400)
    if not rows:
        place = axis.get_yaxis_transform()
        axis.text(0.01, 0, "no segments", va="center", color=MUTED, transform=place, **PLAIN)


def _draw_span(axis: "Axes", span: Span, row: int, colour: str, least_s: float) -> None:
    if row >= MAX_ROWS:
        return
    offset = -0.38 if colour == TRUTH else 0.04
    times = (span.start_s, max(span.end_s - span.start_s, least_s))
    axis.broken_barh([times], (row + offset, 0.36), color=colour, linewidth=0)


def _faded(score: float, low: float, high: float) -> str:
    """Mix the colour of predictions with the ground; opaque, so overlaps do not add up."""
    from matplotlib.colors import to_hex, to_rgb

    share = 0.3 + 0.7 * (score - low) / (high - low) if high > low else 1.0
    mixed = share * np.array(to_rgb(PREDICTION)) + (1 - share) * np.array(to_rgb(FACE))
    return to_hex((mixed[0], mixed[1], mixed[2]))


def draw_curves(
    axis: "Axes", curves: ClassCurves, kinds: Iterable[str], truth: Iterable[Span]
) -> None:
    """Draw curves of one class over its shaded true segments."""
    quiet(axis)
    axis.locator_params(axis="y", nbins=3)
    for span in truth:
        if span.label == curves.label:
            axis.axvspan(span.start_s, span.end_s, color=TRUTH, alpha=0.13, linewidth=0)
    for kind in kinds:
        values: Numbers = getattr(curves, kind)
        colour, style, _ = CURVES[kind]
        if len(values):
            axis.plot(curves.time_s, np.asarray(values, float), style, color=colour, lw=1.4)


def write_above(axis: "Axes", parts: Iterable[tuple[str, str]]) -> None:
    """Write coloured words in one line above an axis."""
    x = 0.0
    for text, colour in parts:
        drawn: Annotation = axis.annotate(
            text, (0, 1), (x, 4), "axes fraction", "offset points", color=colour, **PLAIN
        )
        x += _width_px(drawn) * 72 / DPI + 14


def write_line(
    figure: "Figure", x_px: float, y: float, parts: Iterable[tuple[str, str]]
) -> None:
    """Write coloured words in one line of a figure, starting at a pixel column."""
    width = figure.get_figwidth() * DPI
    for text, colour in parts:
        drawn = figure.text(x_px / width, y, text, va="center", color=colour, **PLAIN)
        x_px += _width_px(drawn) + 20


def _width_px(text: "Text") -> float:
    with boxes_for_missing_glyphs():
        return float(text.get_window_extent().width)
