"""Proposals of ZEAL (`default`) against a plain loop over intervals, in CPU time of one run.

The workload is THUMOS14's: 212 videos, 20 classes, 260 samples each, random scores. The
reference does the same steps with Python lists, an interval at a time, on a part of it; both
must find the same segments. Ours gets the classes of one video at a time, as the graph does.
The limit reads every score once and sorts it once: `numpy.sort` of the columns.

Usage: python benchmarks/speed/proposals.py [--quick] [--json FILE].
"""

import math
from collections.abc import Sequence

import numpy as np
from measured import Measured, cpu_s, exponent, main

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.parameters import PRESETS
from zs_dagster.localization.proposals import Proposals
from zs_dagster.localization.zeal import ZEAL

VIDEOS, CLASSES, SAMPLES = 212, 20, 260
PARAMETERS = PRESETS["default"]
Proposal = tuple[float, float, float]


def measure(quick: bool) -> list[Measured]:
    """Time all of the work, a part of it by the loop, and the growth with the videos."""
    videos = [_video(number) for number in range(VIDEOS)]
    few = [video[number % CLASSES] for number, video in enumerate(videos)][:: 4 if quick else 2]
    _check_same(few[:20])
    grown = {n: cpu_s(lambda n=n: _ours(videos[: VIDEOS * n // 16])) for n in (1, 4, 16)}
    each = cpu_s(lambda: [loop(one) for one in few]) / len(few)
    columns = np.stack([one.confidence.T for video in videos for one in video])
    ours, reference = grown[16], each * VIDEOS * CLASSES
    return [
        Measured(
            what="proposals: 212 videos x 20 classes x 260 samples",
            unit="CPU s",
            ours=ours,
            reference=reference,
            reference_is=f"a Python loop per interval, from {len(few)} classes",
            limit=cpu_s(lambda: np.sort(columns)),
            limit_is="sorting the confidences",
            goal="15 times the loop, at most 1 s, exponent at most 1.15",
            reached=ours <= min(reference / 15, 1) and exponent(grown) <= 1.15,
            growth=grown,
            details={"reference_ms_per_video_and_class": 1000 * each},
        )
    ]


def _video(number: int) -> list[ClassScores]:
    """Random scores of all classes of one video, one sample a second."""
    rng, time_s = np.random.default_rng(number), np.arange(float(SAMPLES))
    none = np.zeros((SAMPLES, 0))
    return [
        ClassScores(
            video_id=f"video {number}",
            label=f"class {label}",
            is_candidate=True,
            is_known=False,
            time_s=time_s,
            confidence=rng.random((SAMPLES, 2)),
            actionness=rng.uniform(0.1, 0.4, SAMPLES),
            end_s=float(SAMPLES),
            features=none,
            text=none[0],
        )
        for label in range(CLASSES)
    ]


def _ours(videos: Sequence[Sequence[ClassScores]]) -> list[list[Proposals]]:
    localize = ZEAL.start(PARAMETERS, 0)
    return [localize(video) for video in videos]


def _check_same(work: Sequence[ClassScores]) -> None:
    for one, found in zip(work, ZEAL.start(PARAMETERS, 0)(work), strict=True):
        segments = found.segments
        ours = np.column_stack([segments.start_s, segments.end_s, segments.score])
        np.testing.assert_allclose(ours, loop(one), rtol=1e-9)


def loop(one: ClassScores) -> list[Proposal]:
    """Find the segments of one class in one video with one sample a second."""
    columns = [_normalised(one.confidence[:, side].tolist()) for side in (0, 1)]
    starts, ends = (_candidates(column) for column in columns)
    actionness, weight = one.actionness.tolist(), PARAMETERS.confidence_weight
    proposals = []
    for first, last in _pairs(starts, ends, len(actionness)):
        inside = sum(actionness[first : last + 1]) / (last + 1 - first)
        score = weight * (columns[0][first] + columns[1][last]) + (1 - weight) * inside
        proposals.append((float(first), float(last + 1), score))
    merged = _merged(_soft_nms(proposals))
    return sorted(merged, key=lambda p: (-p[2], p[0], p[1]))


def _normalised(column: list[float]) -> list[float]:
    low, high, margin = min(column), max(column), PARAMETERS.normalise_epsilon
    return [(value - low) / (high - low) * (1 - 2 * margin) + margin for value in column]


def _candidates(column: list[float]) -> list[int]:
    rank = int(PARAMETERS.top_fraction * len(column))
    threshold, kept = sorted(column)[len(column) - rank], []
    high = [i for i, value in enumerate(column) if value >= threshold]
    for i in sorted(high, key=lambda i: -column[i]):
        if all(abs(i - other) >= PARAMETERS.min_gap_samples for other in kept):
            kept.append(i)
    return sorted(kept)


def _pairs(starts: list[int], ends: list[int], samples: int) -> list[tuple[int, int]]:
    longest = math.floor(PARAMETERS.max_length_fraction * samples)
    pairs = []
    for start, following in zip(starts, [*starts[1:], samples], strict=True):
        for end in ends:
            if start < end <= start + longest:
                pairs.append((start, end))
            if end > following:
                break
    return pairs


def _soft_nms(proposals: list[Proposal]) -> list[Proposal]:
    left, kept = list(proposals), []
    while left:
        best = max(left, key=lambda proposal: proposal[2])
        if best[2] < PARAMETERS.min_score:
            break
        left.remove(best)
        kept.append(best)
        for i, other in enumerate(left):
            decay = math.exp(-(_tiou(best, other) ** 2) / PARAMETERS.soft_nms_sigma)
            left[i] = (other[0], other[1], other[2] * decay)
    return kept


def _merged(proposals: list[Proposal]) -> list[Proposal]:
    merged: list[Proposal] = []
    count = 0
    for one in sorted(proposals, key=lambda proposal: proposal[0]):
        if merged and _tiou(merged[-1], one) > PARAMETERS.merge_tiou:
            start, end, score = merged[-1]
            count += 1
            mean = (score * (count - 1) + one[2]) / count
            merged[-1] = (min(start, one[0]), max(end, one[1]), mean)
        else:
            count = 1
            merged.append(one)
    return merged


def _tiou(one: Proposal, other: Proposal) -> float:
    inter = max(min(one[1], other[1]) - max(one[0], other[0]), 0.0)
    return inter / ((one[1] - one[0]) + (other[1] - other[0]) - inter)


if __name__ == "__main__":
    main("proposals", __doc__ or "", measure)
