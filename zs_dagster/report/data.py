"""What a report is made of: plain values, filled by whoever knows where results live.

Times are seconds from the first displayed frame, metrics are fractions in [0, 1].
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError, InvalidSegmentsError
from zs_dagster.report.charts import Chart

Numbers = Sequence[float] | NDArray[np.floating]


@dataclass(frozen=True)
class Span:
    """One labelled interval; ground truth has no score.

    Raises:
        InvalidSegmentsError: If a number is not finite or the end precedes the start.
    """

    label: str
    start_s: float
    end_s: float
    score: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.start_s, self.end_s, 0.0 if self.score is None else self.score)
        if not all(math.isfinite(number) for number in numbers):
            raise InvalidSegmentsError(f"start, end and score must be finite, got {self}")
        if self.end_s < self.start_s:
            raise InvalidSegmentsError(f"a span must not end before it starts, got {self}")


@dataclass(frozen=True, eq=False)
class ClassCurves:
    """What the models said about one class along a video, T samples.

    Attributes:
        label: Class name.
        time_s: Shape ``(T,)``, increasing.
        start: Shape ``(T,)`` or empty: P(yes) of the start question. NaN is a gap.
        end: Shape ``(T,)`` or empty: P(yes) of the end question.
        actionness: Shape ``(T,)`` or empty: similarity of frame and class text, any scale.
        is_candidate: Whether the class filter kept this class for this video.

    Raises:
        InputError: If a curve is neither empty nor as long as ``time_s``.
    """

    label: str
    time_s: Numbers
    start: Numbers = ()
    end: Numbers = ()
    actionness: Numbers = ()
    is_candidate: bool = True

    def __post_init__(self) -> None:
        for name in ("start", "end", "actionness"):
            length = len(getattr(self, name))
            if length not in (0, len(self.time_s)):
                raise InputError(
                    f"curve '{name}' of class {self.label!r} must have one value per time, "
                    f"got {length} values for {len(self.time_s)} times"
                )


@dataclass(frozen=True, eq=False)
class VideoReview:
    """Everything shown about one video.

    Attributes:
        video_id: Unique within the report.
        src: ``data:`` URI, ``file:///`` URL or relative URL (percent-encoded); "" for none.
        duration_s: Length; 0 or NaN if unknown.
        ground_truth: Any order.
        predictions: Any order; shown best first.
        curves: One entry per class that was scored.
        status: ``unreadable`` videos get no player but keep their timeline.
        reason: Why the video is unreadable.
        average_precision: Fraction, None where there is nothing to compare with.
        note: A short remark, shown beside the numbers.

    Raises:
        InputError: If ``src`` would make the page load something from a network.
    """

    video_id: str
    src: str = ""
    duration_s: float = 0.0
    ground_truth: Sequence[Span] = ()
    predictions: Sequence[Span] = ()
    curves: Sequence[ClassCurves] = ()
    status: Literal["ok", "unreadable"] = "ok"
    reason: str = ""
    average_precision: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not _is_local(self.src):
            raise InputError(
                f"src of video {self.video_id!r} must be a data: URI, a file:/// URL or a "
                f"percent-encoded relative URL, got {self.src[:60]!r}"
            )

    @property
    def length_s(self) -> float:
        """Length of the time axis: the duration, or further if a span or curve ends later."""
        ends = [span.end_s for span in (*self.ground_truth, *self.predictions)]
        ends += [float(curve.time_s[-1]) for curve in self.curves if len(curve.time_s)]
        known = self.duration_s if math.isfinite(self.duration_s) else 0.0
        return max(known, *ends) if ends else known

    @property
    def ranked(self) -> list[Span]:
        """Predictions, best first; ties keep the order given."""
        return sorted(self.predictions, key=lambda span: -(span.score or 0.0))

    @property
    def shown(self) -> list[Span]:
        """The predictions drawn unless the reader asks for more, best first."""
        return self.ranked[: max(20, 2 * len(self.ground_truth))]

    @property
    def leading(self) -> ClassCurves | None:
        """Curves shown first: of the best predicted class, else of the first candidate."""
        best = self.ranked[0].label if self.predictions else None
        chosen = [curve for curve in self.curves if curve.label == best]
        chosen += [curve for curve in self.curves if curve.is_candidate]
        return next(iter((*chosen, *self.curves)), None)


@dataclass(frozen=True)
class MetricRow:
    """One method of the metrics table.

    Attributes:
        method: Short name, the key used in ``Report.per_class``.
        description: One sentence for readers who do not know the name.
        values: Metric name to fraction, such as ``{"average_mAP": 0.31, "mAP@0.5": 0.3}``.
        interval: Low and high of the primary metric, fractions.
        highlight: Whether this is the method the report is about.
    """

    method: str
    description: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    highlight: bool = False


@dataclass(frozen=True)
class ProtocolRow:
    """One number of the method a report is about, under one published protocol.

    Attributes:
        protocol: Thresholds and matching rules.
        videos: Which videos count.
        classes: Which classes, or over which divisions the mean is taken.
        candidates: ``filtered`` or ``known``.
        value: Average mAP, fraction.
        interval: Low and high.
        sd: Over the divisions; None for one.
        published: What it may be compared with, percent.
    """

    protocol: str
    videos: str
    classes: str
    candidates: str
    value: float
    interval: tuple[float, float] | None = None
    sd: float | None = None
    published: str = "none"


@dataclass(frozen=True, eq=False)
class Report:
    """One dataset: its numbers and its videos.

    Attributes:
        dataset: Name of the dataset.
        title: Heading of the page.
        summary: Facts in the order shown: models, fps, counts, commit, time.
        metrics: One row per method, in the order shown.
        per_class: ``(class, {method: average precision})``.
        protocols: The first method under every protocol.
        comparisons: Sentences: whether the first method is better than each other one.
        notes: Sentences shown below the tables.
        videos: In the order shown.
        n_videos: How many there are; where more than are shown, the page says so. 0: as many.
        ablations: Charts of what each parameter is worth.
        losses: Charts of where the mAP is lost and to which errors.
        primary_metric: The metric drawn as bars; intervals belong to it.
        interval_name: What an interval is, such as "95 % bootstrap interval over videos".
        provenance: Relative URL of the file that says what made the numbers; "" for none.
    """

    dataset: str
    title: str
    summary: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[MetricRow] = ()
    per_class: Sequence[tuple[str, Mapping[str, float]]] = ()
    protocols: Sequence[ProtocolRow] = ()
    comparisons: Sequence[str] = ()
    notes: Sequence[str] = ()
    videos: Sequence[VideoReview] = ()
    n_videos: int = 0
    ablations: Sequence[Chart] = ()
    losses: Sequence[Chart] = ()
    primary_metric: str = "average_mAP"
    interval_name: str = "interval"
    provenance: str = ""


def _is_local(src: str) -> bool:
    """Whether a page that names this source stays on this machine or its own server."""
    if src.startswith("data:"):
        return True
    if "\\" in src or any(ord(character) <= ord(" ") for character in src):
        return False  # Browsers read a backslash as a slash and drop tabs and newlines.
    try:
        parts = urlsplit(src)
    except ValueError:
        return False
    return parts.scheme in ("", "file") and not parts.netloc and not parts.path.startswith("//")
