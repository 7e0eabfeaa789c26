"""Report values -> what the template shows: rows, order, marks and bounds."""

import base64
import json
import math
from collections.abc import Sequence

from zs_dagster.report.classification.data import ClassificationReport, Clip, MethodResult
from zs_dagster.report.classification.frame_strip import shown_frames
from zs_dagster.report.data import MetricRow

MAX_FULL_CLIPS = 200
MAX_GUESSES = 5
BAR_WIDTH = 160.0


def metric_rows(methods: Sequence[MethodResult]) -> list[MetricRow]:
    """Return the top-1 accuracies as the rows that bars are drawn from."""
    return [
        MetricRow(m.name, values={"top1": m.top1.value}, interval=m.top1.interval)
        for m in methods
    ]


def worst_first(
    per_class: Sequence[tuple[str, int, float]],
) -> list[tuple[str, int, float]]:
    """Return classes by accuracy, the one with more videos first; unknown ones last."""
    return sorted(
        per_class, key=lambda row: (not math.isfinite(row[2]), _finite(row[2]), -row[1])
    )


def bar_width(accuracy: float) -> float:
    """Return the width of a bar on an axis from 0 to 1, in the units of its drawing."""
    return BAR_WIDTH * min(1.0, max(0.0, _finite(accuracy)))


def guessers(report: ClassificationReport) -> list[str]:
    """Return the methods with guesses, ordered as in the table of methods."""
    seen = dict.fromkeys(name for clip in report.clips for name in clip.guesses)
    order = [method.name for method in report.methods]
    return [m for m in order if m in seen] + [m for m in seen if m not in order]


def is_wrong(clip: Clip, method: str) -> bool:
    """Whether the truth is known and the method's best guess is another one or missing."""
    if clip.truth is None or method not in clip.guesses:
        return False
    return not clip.guesses[method] or clip.guesses[method][0][0] != clip.truth


def wrong_marks(clip: Clip, methods: Sequence[str]) -> str:
    """Return the positions of the methods that are wrong, as the script reads them."""
    return " ".join(str(i) for i, name in enumerate(methods) if is_wrong(clip, name))


def search_text(clip: Clip) -> str:
    """Return what a search finds a clip by: its name, its class, every best guess."""
    best = (guesses[0][0] for guesses in clip.guesses.values() if guesses)
    return "\n".join(dict.fromkeys((clip.video_id, clip.truth or "", *best)))


def split_clips(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Return the clips shown in full and the others, both in the order given.

    At most 200 are full: evenly spaced ones of those with a picture, so that every part of
    the dataset is seen, and as many without a picture as there is room for.
    """
    pictured = [i for i, clip in enumerate(clips) if clip.strip_png]
    step = max(1.0, len(pictured) / MAX_FULL_CLIPS)
    full = {pictured[int(k * step)] for k in range(min(len(pictured), MAX_FULL_CLIPS))}
    bare = [i for i, clip in enumerate(clips) if not clip.strip_png]
    full.update(bare[: MAX_FULL_CLIPS - len(full)])
    rest = [clip for i, clip in enumerate(clips) if i not in full]
    return [clips[i] for i in sorted(full)], rest


def data_uri(png: bytes) -> str:
    """Return a picture as a `data:` URI."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def times(clip: Clip) -> str:
    """Write the times of the frames in a strip: `0.25, 0.75, 1.25 s`."""
    shown = [clip.times_s[i] for i in shown_frames(len(clip.times_s))]
    text = ", ".join(f"{time:.2f}" for time in shown)
    of = f" ({len(shown)} of {len(clip.times_s)})" if len(shown) < len(clip.times_s) else ""
    return f"{text} s{of}" if shown else ""


def parameters(text: str) -> list[tuple[str, str]]:
    """Return the entries of a JSON object as text, or the whole text where it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return [("", text)] if text else []
    if not isinstance(value, dict):
        return [("", text)]
    return [
        (name, v if isinstance(v, str) else json.dumps(v, ensure_ascii=False))
        for name, v in value.items()
    ]


def _finite(number: float) -> float:
    return number if math.isfinite(number) else 0.0
