"""The frames a classifier chose of some clips, read again to be shown."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zs_dagster.datasets.classification import ClipClassifier
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import VideoError
from zs_dagster.home import Home
from zs_dagster.progress import track
from zs_dagster.video.decoders import Decoders

logger = logging.getLogger("zs_dagster.clip_strips")
MAX_FRAMES = 16
Row = dict[str, Any]


class Strip(NamedTuple):
    """Frames of one clip.

    Attributes:
        png: At most 16 of them, side by side.
        sampler: Name of the rule that chose them.
        times_s: When each chosen one is shown, seconds.
    """

    png: bytes
    sampler: str
    times_s: list[float]


def clip_strips(
    home: Home, dataset: Dataset, fingerprint: str, pool: Decoders, videos: Sequence[str]
) -> dict[str, Strip]:
    """Read what the first classifier of a dataset looks at; videos that fail have no strip."""
    encoded = {row["video_id"] for row in home.tables.rows("frame_features", dataset.name)}
    rows = {row["video_id"]: row for row in home.tables.rows("videos", dataset.name)}
    strips = {}
    for video in track([v for v in videos if v in encoded], "report", len(videos)):
        times = _times(home, dataset, fingerprint, rows[video])
        if times is None:
            continue
        try:
            png = _png(pool, rows[video], times)
        except VideoError as error:
            logger.warning("%s is shown without frames: %s", video, error.reason)
            continue
        strips[video] = Strip(png, _sampler(dataset), times.tolist())
    return strips


def _times(
    home: Home, dataset: Dataset, fingerprint: str, video: Row
) -> NDArray[np.float64] | None:
    """Return the chosen times; None where choosing them takes classifying again."""
    from assets.clip_frames import FramesOf, chosen_times, uniform_times
    from zs_dagster.video.samplers import sampler

    known = FramesOf.find(home.store, None, video, fingerprint)
    first = next(iter(dataset.classification.classifiers.values()))
    if not isinstance(first, ClipClassifier):
        return uniform_times(known, getattr(first, "frames_eval", first.frames))
    if sampler(first.sampler).needs == "confidence":
        return None
    return chosen_times(known, first)


def _sampler(dataset: Dataset) -> str:
    first = next(iter(dataset.classification.classifiers.values()))
    return first.sampler if isinstance(first, ClipClassifier) else "uniform_center"


def _png(pool: Decoders, video: Row, times: NDArray[np.float64]) -> bytes:
    from zs_dagster.report.classification.frame_strip import strip_png

    # No more are shown than these, so no more are read.
    kept = np.unique(np.linspace(0, len(times) - 1, min(len(times), MAX_FRAMES)).round())
    chunks = pool.iter_frames(video["path"], times[kept.astype(int)], backend=video["backend"])
    return strip_png(np.concatenate([chunk.rgb for chunk in chunks]))
