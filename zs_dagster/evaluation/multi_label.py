"""Metrics of predictions that name several classes of a video, or none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class F1:
    """F1 of accepted classes.

    Attributes:
        micro: Over all videos and classes together; NaN if nothing is true nor accepted.
        macro: Mean over the classes that are true or accepted of some video; NaN if none is.
    """

    micro: float
    macro: float


def average_precisions(scores: FloatArray, truth: BoolArray) -> FloatArray:
    """Return the average precision of each class over videos.

    Precision at each distinct score times the recall it adds; videos of equal score come
    together, so their order is no matter.

    Args:
        scores: Shape ``(N, K)``, finite.
        truth: Shape ``(N, K)``.

    Returns:
        Shape ``(K,)`` in (0, 1]; NaN for a class that no video has. Their mean without NaN is
        the mAP.

    Raises:
        InputError: If shapes differ, or a score is not finite.
    """
    _check(scores, truth)
    columns = zip(scores.T, truth.T, strict=True)
    return np.array([_average_precision(*column) for column in columns])


def f1(accepted: BoolArray, truth: BoolArray) -> F1:
    """Return micro and macro F1.

    Args:
        accepted: Shape ``(N, K)``.
        truth: Shape ``(N, K)``.

    Raises:
        InputError: If shapes differ.
    """
    _check(accepted, truth)
    right = 2.0 * (accepted & truth).sum(axis=0)
    all_of = 1.0 * accepted.sum(axis=0) + truth.sum(axis=0)
    seen = all_of > 0
    if not seen.any():
        return F1(np.nan, np.nan)
    return F1(float(right.sum() / all_of.sum()), float((right[seen] / all_of[seen]).mean()))


def auroc(scores: FloatArray, is_known: BoolArray) -> float:
    """Return the probability that a known video scores above an unknown one; ties count half.

    The area under the ROC curve, by ranks (Mann and Whitney, 1947).

    Args:
        scores: Shape ``(N,)``, higher is more known.
        is_known: Shape ``(N,)``; some are and some are not.

    Raises:
        InputError: If shapes differ, a score is not finite, or all videos are of one kind.
    """
    _check(scores, is_known)
    n_known = int(is_known.sum())
    if n_known in (0, is_known.size):
        raise InputError(
            f"AUROC needs known and unknown videos, got {n_known} known of {is_known.size}"
        )
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (counts.cumsum() - (counts - 1) / 2)[group]
    above = rank[is_known].sum() - n_known * (n_known + 1) / 2
    return float(above / (n_known * (is_known.size - n_known)))


def _average_precision(scores: FloatArray, truth: BoolArray) -> float:
    if not truth.any():
        return float("nan")
    _, group = np.unique(-scores, return_inverse=True)
    added = np.bincount(group, weights=truth)
    precision = added.cumsum() / np.bincount(group).cumsum()
    return float((precision * added).sum() / truth.sum())


def _check(scores: NDArray[np.float64] | BoolArray, truth: BoolArray) -> None:
    if scores.shape != truth.shape or not scores.size:
        raise InputError(
            f"scores and truth must have one shape and a value, got {scores.shape} and "
            f"{truth.shape}"
        )
    if not np.isfinite(scores).all():
        raise InputError(
            f"scores must be finite, got {int((~np.isfinite(scores)).sum())} that are not"
        )
