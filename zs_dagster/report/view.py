"""Report values -> the words and numbers of the page's tables and headings."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zs_dagster.report.data import MetricRow, Report, Span, VideoReview

MISSING = "\N{EN DASH}"
BAR_WIDTH = 140.0
STRIP_WIDTH = 240.0
STRIP_PREDICTIONS = 12


@dataclass(frozen=True)
class Bar:
    """A bar with an optional interval, in the units of its drawing."""

    width: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Box:
    """A span of the small strip in a video's heading."""

    x: float
    width: float
    opacity: float


def percent(value: float | None) -> str:
    """Write a fraction in percent with one decimal, a dash where there is no number."""
    return MISSING if value is None or not math.isfinite(value) else f"{100 * value:.1f}"


def metric_names(rows: Sequence[MetricRow], primary: str) -> list[str]:
    """Return the columns of the metrics table: the primary metric, then as first seen."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    return sorted(names, key=lambda name: name != primary)


def axis_top(rows: Iterable[MetricRow], metric: str) -> float:
    """Return the next tenth above every value and interval of a metric, at least 0.1."""
    numbers = [row.values.get(metric, 0.0) for row in rows]
    numbers += [row.interval[1] for row in rows if row.interval]
    highest = max((n for n in numbers if math.isfinite(n)), default=0.0)
    return max(0.1, math.ceil(round(highest * 10, 6)) / 10)


def bar(row: MetricRow, metric: str, top: float) -> Bar | None:
    """Return the bar of one method, or None where it has no such number."""
    value = row.values.get(metric, math.nan)
    if not math.isfinite(value):
        return None
    scale = BAR_WIDTH / top
    if row.interval is None or not all(map(math.isfinite, row.interval)):
        return Bar(max(0.0, value * scale))
    return Bar(max(0.0, value * scale), row.interval[0] * scale, row.interval[1] * scale)


def tint(value: float | None) -> int:
    """Return a step of 0 to 10 that shades a cell by its value."""
    return 0 if value is None or not math.isfinite(value) else round(10 * min(1, max(0, value)))


def class_methods(report: Report) -> list[str]:
    """Return the methods of the per-class table, ordered as in the metrics table."""
    seen = dict.fromkeys(method for _, scores in report.per_class for method in scores)
    order = [row.method for row in report.metrics]
    return [m for m in order if m in seen] + [m for m in seen if m not in order]


def duration(seconds: float) -> str:
    """Write a length as `12.3 s`, `3:05` or `1:02:03`; a dash if unknown."""
    if not math.isfinite(seconds) or seconds <= 0:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: `no predictions`, `1 prediction`, `1,204 predictions`."""
    amount = f"{number:,}" if number else "no"
    return f"{amount} {noun}" if number == 1 else f"{amount} {noun}s"


def labels(spans: Iterable[Span]) -> list[str]:
    """Return the distinct labels in order of appearance."""
    return list(dict.fromkeys(span.label for span in spans))


def classes(video: VideoReview) -> str:
    """Return the true classes of a video, or the predicted ones where nobody knows."""
    if video.ground_truth or not video.predictions:
        return ", ".join(labels(video.ground_truth))
    return f"predicted: {', '.join(labels(video.ranked))}"


def strip(video: VideoReview) -> Mapping[str, list[Box]]:
    """Return ground truth and best predictions of a video, drawn in its heading."""
    best = video.ranked[:STRIP_PREDICTIONS]
    top = max((span.score or 0.0 for span in best), default=0.0)
    scale = STRIP_WIDTH / video.length_s if video.length_s > 0 else 0.0
    return {
        "truth": [_box(span, scale, 1.0) for span in video.ground_truth],
        "predictions": [_box(s, scale, _opacity(s, top)) for s in reversed(best)],
    }


def _box(span: Span, scale: float, opacity: float) -> Box:
    width = max(1.5, (span.end_s - span.start_s) * scale)
    return Box(span.start_s * scale, width, opacity)


def _opacity(span: Span, top: float) -> float:
    return max(0.3, (span.score or 0.0) / top) if top > 0 else 1.0
