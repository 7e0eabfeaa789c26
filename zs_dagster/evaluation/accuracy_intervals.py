"""How sure an accuracy is, had other videos of the same kind been drawn."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from zs_dagster.evaluation.accuracy import (
    BoolArray,
    RankedClasses,
    hits,
    per_class_accuracy,
)
from zs_dagster.evaluation.bootstrap import Interval, Resampling
from zs_dagster.segments import FloatArray

DEFAULT_RESAMPLING = Resampling()
CHUNK = 256


def accuracy_interval(n_right: int, n: int, level: float = 0.95) -> Interval:
    """Return a share and Wilson's score interval for it (Wilson, 1927).

    Unlike an interval from resampling it has a width where all or none are right.

    Args:
        n_right: Videos that are right.
        n: Videos, >= 1.
        level: Of confidence, in (0, 1).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, weight = n_right / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) * weight + weight * weight / 4) / (1 + weight)
    # At 0 and 1 the bounds meet the share, but for rounding.
    low, high = max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0)
    return Interval(share, low, high, level, num_resamples=0)


def mean_class_interval(
    outcome: RankedClasses, resampling: Resampling = DEFAULT_RESAMPLING
) -> Interval:
    """Return the mean class accuracy and its percentile bootstrap interval.

    Videos are drawn with replacement. A class without videos in a draw is left out of the mean
    of that draw, as it is out of the value if it has none at all.
    """
    # Videos with the same classes and the same outcome are interchangeable: drawing how often
    # each kind comes is drawing the videos.
    rows = np.column_stack([outcome.truth, hits(outcome, 1)])
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    generator = np.random.default_rng(resampling.seed)
    draws = []
    for start in range(0, resampling.num_resamples, CHUNK):
        size = min(CHUNK, resampling.num_resamples - start)
        drawn = generator.multinomial(len(rows), counts / len(rows), size=size)
        draws.append(_mean_class(kinds[:, :-1], kinds[:, -1], drawn))
    value = float(np.nanmean(per_class_accuracy(outcome)))
    tail = (1 - resampling.level) / 2
    low, high = np.quantile(np.concatenate(draws), [tail, 1 - tail], method="inverted_cdf")
    return Interval(value, float(low), float(high), resampling.level, resampling.num_resamples)


def _mean_class(truth: BoolArray, is_right: BoolArray, drawn: NDArray[np.int64]) -> FloatArray:
    """Mean class accuracy of R draws; ``(U, K)``, ``(U,)`` and how often each kind came."""
    weight, member = drawn.astype(np.float64), truth.astype(np.float64)
    videos, right = weight @ member, (weight * is_right) @ member
    share = np.divide(right, videos, out=np.zeros_like(videos), where=videos > 0)
    mean: FloatArray = share.sum(axis=1) / (videos > 0).sum(axis=1)
    return mean
