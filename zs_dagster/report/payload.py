"""The data of one video as JSON that is safe inside a `<script>` element."""

import json
import math
from typing import Any

from zs_dagster.report.data import ClassCurves, Numbers, Span, VideoReview

TIME_DECIMALS = 3
VALUE_DECIMALS = 4

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def script_json(value: object) -> str:
    """Serialise so that no text can end the script element or open a comment in it.

    Everything outside ASCII is escaped too, lone surrogates of odd file names included.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


def video_payload(video: VideoReview) -> dict[str, Any]:
    """Return what `page.js` reads: spans as rows that point into `labels`, rounded numbers."""
    ranked = video.ranked
    spans = (*video.ground_truth, *ranked)
    labels = list(dict.fromkeys(span.label for span in spans))
    index = {label: i for i, label in enumerate(labels)}
    times: list[list[float]] = []
    return {
        "id": video.video_id,
        "src": video.src if video.status == "ok" else "",
        "length": round(video.length_s, TIME_DECIMALS),
        "labels": labels,
        "truth": [_times(index, span) for span in video.ground_truth],
        "predictions": [[*_times(index, span), _value(span.score or 0.0)] for span in ranked],
        "shown": len(video.shown),
        "times": times,
        "curves": [_curves(curve, times) for curve in video.curves],
        "leading": next((i for i, c in enumerate(video.curves) if c is video.leading), -1),
    }


def _times(index: dict[str, int], span: Span) -> list[float]:
    start, end = round(span.start_s, TIME_DECIMALS), round(span.end_s, TIME_DECIMALS)
    return [index[span.label], start, end]


def _curves(curves: ClassCurves, times: list[list[float]]) -> dict[str, Any]:
    """Return the curves; classes sampled alike share one entry of ``times``, grown here."""
    own = [round(float(time), TIME_DECIMALS) for time in curves.time_s]
    if own not in times:
        times.append(own)
    return {
        "label": curves.label,
        "candidate": bool(curves.is_candidate),
        "time": times.index(own),
        "start": _values(curves.start),
        "end": _values(curves.end),
        "actionness": _values(curves.actionness),
    }


def _values(numbers: Numbers) -> list[float | None]:
    return [_value(float(number)) for number in numbers]


def _value(number: float) -> float | None:
    return round(float(number), VALUE_DECIMALS) if math.isfinite(number) else None
