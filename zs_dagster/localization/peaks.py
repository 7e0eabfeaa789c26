"""Moments at which a confidence is highest, and where it has fallen to half on the outside."""

from typing import Literal

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.segments import FloatArray


def peaks(column: FloatArray, floor: float) -> IndexArray:
    """Find the samples not below either neighbour; of a plateau, the last sample.

    Args:
        column: Shape ``(T,)``.
        floor: Least value of a peak.

    Returns:
        Shape ``(N,)``, increasing.
    """
    padded = np.concatenate([[-np.inf], column, [-np.inf]])
    is_peak = (column >= padded[:-2]) & (column > padded[2:]) & (column >= floor)
    return np.flatnonzero(is_peak)


def half_heights(column: FloatArray, samples: IndexArray, side: Literal[-1, 1]) -> FloatArray:
    """Say how far from each peak the curve has fallen to half of it, linearly interpolated.

    Args:
        column: Shape ``(T,)``, >= 0.
        samples: Shape ``(N,)``, the peaks.
        side: -1 looks before the peaks, 1 after them.

    Returns:
        Shape ``(N,)``, samples, fractions included, > 0. Half a sample beyond the first (or
        last) one where the curve does not fall that far.
    """
    return np.array([_half_height(column, peak, side) for peak in samples.tolist()])


def _half_height(column: FloatArray, peak: int, side: int) -> float:
    half, last = column[peak] / 2, peak
    while 0 <= last + side < column.size and column[last + side] >= half:
        last += side
    beyond = last + side
    if not 0 <= beyond < column.size:
        return abs(last - peak) + 0.5
    drop = column[last] - column[beyond]
    return float(abs(last - peak) + (column[last] - half) / drop)
