"""Proposals of ZEAL (`default`) against a plain loop over intervals, in CPU time of one run.

The workload is THUMOS14's: 212 videos, 20 classes, 260 samples each, random scores. The
reference does the same steps with Python lists, an interval at a time, on a part of it; both
must find the same segments. Growth is that from 1/16 of the workload to all of it.

Usage: python benchmarks/speed/proposals.py [--json FILE].
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zs_dagster.localization.parameters import PRESETS
from zs_dagster.localization.zeal import localize

VIDEOS, CLASSES, SAMPLES = 212, 20, 260
LIMIT_S = 1.0
PARAMETERS = PRESETS["default"]
ROUNDS = 3
Proposal = tuple[float, float, float]


class Scores(NamedTuple):
    """One class in one video, one sample a second."""

    confidence: np.ndarray
    actionness: np.ndarray
    time_s: np.ndarray
    end_s: float


def main() -> None:
    """Print the comparison; write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    work = _workload(VIDEOS * CLASSES)
    few = work[:: len(work) // 100]
    _check_same(few[:20])
    sizes = [len(work) // 16, len(work) // 4, len(work)]
    ours = [_cpu_s(lambda n=n: _ours(work[:n])) for n in sizes]
    reference = _cpu_s(lambda: [_reference(one) for one in few]) / len(few) * len(work)
    found = {
        "name": "proposals",
        "items": len(work),
        "ours_cpu_s": round(ours[-1], 3),
        "reference_cpu_s": round(reference, 3),
        "limit_cpu_s": LIMIT_S,
        "ratio_to_reference": round(ours[-1] / reference, 3),
        "times_as_fast": round(reference / ours[-1], 2),
        "ratio_to_limit": round(ours[-1] / LIMIT_S, 2),
        "growth_exponent": round(math.log(ours[-1] / ours[0]) / math.log(16), 3),
        "growth_cpu_s": [round(seconds, 3) for seconds in ours],
    }
    print(json.dumps(found, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


def _workload(items: int) -> list[Scores]:
    rng, time_s = np.random.default_rng(0), np.arange(float(SAMPLES))
    return [
        Scores(rng.random((SAMPLES, 2)), rng.uniform(0.1, 0.4, SAMPLES), time_s, float(SAMPLES))
        for _ in range(items)
    ]


def _cpu_s(work: Callable[[], object]) -> float:
    """Least CPU time of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def _ours(work: Sequence[Scores]) -> list[object]:
    return [localize(*one, PARAMETERS) for one in work]


def _check_same(work: Sequence[Scores]) -> None:
    for one in work:
        found = localize(*one, PARAMETERS).segments
        ours = np.column_stack([found.start_s, found.end_s, found.score])
        np.testing.assert_allclose(ours, _reference(one), rtol=1e-9)


def _reference(one: Scores) -> list[Proposal]:
    columns = [_normalised(one.confidence[:, side].tolist()) for side in (0, 1)]
    starts, ends = (_candidates(column) for column in columns)
    actionness, weight = one.actionness.tolist(), PARAMETERS.confidence_weight
    proposals = []
    for first, last in _pairs(starts, ends):
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


def _pairs(starts: list[int], ends: list[int]) -> list[tuple[int, int]]:
    longest = math.floor(PARAMETERS.max_length_fraction * SAMPLES)
    pairs = []
    for start, following in zip(starts, [*starts[1:], SAMPLES], strict=True):
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
    main()
