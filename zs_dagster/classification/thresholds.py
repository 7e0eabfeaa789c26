"""Where to cut: thresholds chosen on labelled videos, never on those they are tested on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it did where it was chosen.

    Attributes:
        value: Accept what is at least this.
        precision: Of what is accepted, in [0, 1].
        recall: Of what is right, in [0, 1].
        f1: Harmonic mean of the two.
    """

    value: float
    precision: float
    recall: float
    f1: float


def best_f1_threshold(scores: FloatArray, is_right: BoolArray) -> Threshold:
    """Choose the threshold of greatest F1; of equal ones the highest.

    Args:
        scores: Any shape: videos, or videos and classes together.
        is_right: Same shape: the class applies, or the video is of a known class.

    Raises:
        InputError: If shapes differ, a score is not finite, or nothing is right.
    """
    curve = _curve(scores, is_right)
    return _at(curve, int(curve[3].argmax()))


def precision_threshold(scores: FloatArray, is_right: BoolArray, precision: float) -> Threshold:
    """Choose the threshold of greatest recall whose precision reaches a target.

    Args:
        scores: As for `best_f1_threshold`.
        is_right: As for `best_f1_threshold`.
        precision: Target, in (0, 1].

    Raises:
        InputError: As `best_f1_threshold`, or if the target is out of range or out of reach.
    """
    if not 0 < precision <= 1:
        raise InputError(f"precision must lie in (0, 1], got {precision!r}")
    curve = _curve(scores, is_right)
    reached = np.flatnonzero(curve[1] >= precision)
    if not reached.size:
        raise InputError(
            f"precision {precision:g} is out of reach, the best is {curve[1].max():.4f}; ask "
            "for less or use other scores"
        )
    return _at(curve, int(reached[-1]))


def _curve(scores: FloatArray, is_right: BoolArray) -> tuple[FloatArray, ...]:
    """Thresholds, highest first, with precision, recall and F1 of each."""
    if scores.shape != is_right.shape or not np.isfinite(scores).all() or not is_right.any():
        raise InputError(
            "a threshold needs finite scores, a truth of the same shape and something that is "
            f"right, got shapes {scores.shape} and {is_right.shape}, {int(is_right.sum())} true"
        )
    values, group = np.unique(-scores.ravel(), return_inverse=True)
    right = np.bincount(group, weights=is_right.ravel()).cumsum()
    accepted = np.bincount(group).cumsum()
    n_right = int(is_right.sum())
    return -values, right / accepted, right / n_right, 2 * right / (accepted + n_right)


def _at(curve: tuple[FloatArray, ...], place: int) -> Threshold:
    return Threshold(*(float(column[place]) for column in curve))
