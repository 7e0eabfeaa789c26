"""Confusion counts -> the cells of a table, or the pairs most often confused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.report.view import tint

MAX_TABLE_CLASSES = 60
MAX_PAIRS = 30
NO_PREDICTION = "no prediction"


@dataclass(frozen=True)
class Cell:
    """One count; ``tint`` of 0 to 10 is its share of the videos of the true class."""

    count: int
    tint: int
    is_correct: bool


@dataclass(frozen=True)
class ConfusedPair:
    """Videos of one class that were taken for another one, or for none."""

    truth: str
    predicted: str
    count: int
    of: int


def confusion_rows(
    classes: Sequence[str], confusion: NDArray[np.int64]
) -> list[tuple[str, list[Cell]]]:
    """Return one row per true class with K + 1 cells, columns predicted.

    Args:
        classes: K labels.
        confusion: ``(K, K + 1)`` counts, the last column without a prediction.
    """
    return [
        (label, [_cell(int(n), int(counts.sum()), i == k) for i, n in enumerate(counts)])
        for k, (label, counts) in enumerate(zip(classes, confusion, strict=True))
    ]


def confused_pairs(
    classes: Sequence[str], confusion: NDArray[np.int64]
) -> tuple[list[ConfusedPair], int]:
    """Return the 30 most confused pairs, most videos first, and how many pairs there are.

    Of equal counts, the larger share of the true class comes first, then the order of
    the classes.
    """
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    videos = np.broadcast_to(confusion.sum(axis=1, keepdims=True), wrong.shape)
    order = np.lexsort((videos.ravel(), -wrong.ravel()))[:MAX_PAIRS]
    names = [*classes, NO_PREDICTION]
    pairs = [
        ConfusedPair(classes[i], names[j], int(wrong[i, j]), int(videos[i, j]))
        for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[i, j] > 0
    ]
    return pairs, int(np.count_nonzero(wrong))


def _cell(count: int, total: int, is_correct: bool) -> Cell:
    return Cell(count, max(1, tint(count / total)) if count else 0, is_correct)
