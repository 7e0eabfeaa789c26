"""Scores of a run by what is inside and just outside, and by the energy of its frames."""

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.segments import FloatArray

OUTER_SHARE = 0.25
OUTER_WEIGHT = 0.2


def log_oic(curve: FloatArray, samples: IndexArray) -> FloatArray:
    """Outer-inner contrast with logarithmically fading outer weights.

    The mean plus the maximum inside, less 0.2 times a weighted mean on either side. A side is
    a quarter as long as the run, rounded down; its i-th sample from the boundary weighs
    ``1 / ln(1 + i)``. An empty side is left out.

    Args:
        curve: Shape ``(T,)``, unsmoothed similarity.
        samples: Shape ``(N, 2)``, first and last sample, both inclusive.

    Returns:
        Shape ``(N,)``, in units of the curve.

    Reference:
        FreeZAD, arXiv:2501.13795.
    """
    return np.array([_log_oic(curve, first, last + 1) for first, last in samples.tolist()])


def _log_oic(curve: FloatArray, first: int, stop: int) -> float:
    inner = curve[first:stop]
    width = int(OUTER_SHARE * (stop - first))
    sides = (curve[max(first - width, 0) : first][::-1], curve[stop : stop + width])
    outer = sum(_fading_mean(side) for side in sides if side.size)
    return float(inner.mean() + inner.max() - OUTER_WEIGHT * outer)


def _fading_mean(outward: FloatArray) -> float:
    weight = 1 / np.log(1 + np.arange(1, outward.size + 1))
    return float(outward @ weight / weight.sum())


def energy_actionness(frames: FloatArray, samples: IndexArray) -> FloatArray:
    """Sigmoid of the spectral energy of each run, averaged over feature dimensions.

    FreeZAD sums ``|FFT_t(x)|^2`` over frequencies; by Parseval that is the length of the run
    times the sum of ``x^2`` over its frames, so no transform is taken. It grows with length
    and saturates at 1.

    Args:
        frames: Shape ``(T, D)``, D >= 1.
        samples: Shape ``(N, 2)``, first and last sample, both inclusive.

    Returns:
        Shape ``(N,)``, in [0.5, 1].
    """
    energy = np.concatenate([[0.0], np.cumsum((frames**2).sum(axis=1))])
    first, stop = samples[:, 0], samples[:, 1] + 1
    mean = (stop - first) * (energy[stop] - energy[first]) / frames.shape[1]
    actionness: FloatArray = 1 / (1 + np.exp(-np.maximum(mean, 0.0)))
    return actionness
