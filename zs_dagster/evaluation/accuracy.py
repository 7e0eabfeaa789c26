"""Accuracy of ranked class predictions, one video at a time and class by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
NOTHING = -1


@dataclass(frozen=True, eq=False)
class RankedClasses:
    """What N videos show and what was predicted of them.

    Attributes:
        truth: Shape ``(N, K)``, true where a class is in a video; each has at least one.
        ranked: Shape ``(N, R)``, class indices, best first, then `NOTHING`.

    Raises:
        InputError: If shapes disagree, a video has no class, or an index is no class.
    """

    truth: BoolArray
    ranked: IntArray

    def __post_init__(self) -> None:
        if self.truth.ndim != 2 or self.ranked.ndim != 2 or not len(self.truth):
            raise InputError(
                "truth and ranked must have shapes (N, K) and (N, R), N >= 1, got "
                f"{self.truth.shape} and {self.ranked.shape}"
            )
        if len(self.truth) != len(self.ranked) or not self.truth.any(axis=1).all():
            raise InputError(
                f"each of {len(self.ranked)} predicted videos must have a true class, got "
                f"{int(self.truth.any(axis=1).sum())} that do"
            )
        classes = self.truth.shape[1]
        if self.ranked.size and not NOTHING <= self.ranked.min() <= self.ranked.max() < classes:
            raise InputError(
                f"predicted classes must lie in 0 … {classes - 1}, got {self.ranked.min()} … "
                f"{self.ranked.max()}"
            )

    @classmethod
    def from_rows(
        cls,
        truth: Mapping[str, Sequence[str]],
        predictions: Mapping[str, Sequence[str]],
        classes: Sequence[str],
    ) -> "RankedClasses":
        """Build from names.

        Args:
            truth: Video -> its classes; the videos, in this order.
            predictions: Video -> classes, best first; a video may be missing.
            classes: K class names; the index of a class is its place.

        Raises:
            InputError: As above.
            KeyError: If a class is not in the list.
        """
        place = {name: number for number, name in enumerate(classes)}
        width = max((len(predictions.get(video, ())) for video in truth), default=0)
        holds = np.zeros((len(truth), len(classes)), dtype=np.bool_)
        ranked = np.full((len(truth), max(width, 1)), NOTHING, dtype=np.int64)
        for row, (video, names) in enumerate(truth.items()):
            holds[row, [place[name] for name in names]] = True
            found = [place[name] for name in predictions.get(video, ())]
            ranked[row, : len(found)] = found
        return cls(holds, ranked)


def hits(outcome: RankedClasses, k: int) -> BoolArray:
    """Say of each video whether one of its classes is among the first ``k``, shape ``(N,)``.

    A video without predictions is not hit.
    """
    first = outcome.ranked[:, :k]
    found = np.take_along_axis(outcome.truth, np.maximum(first, 0), axis=1)
    hit: BoolArray = (found & (first != NOTHING)).any(axis=1)
    return hit


def confusion_matrix(outcome: RankedClasses) -> IntArray:
    """Count the first prediction against the truth, shape ``(K, K + 1)``.

    Rows are true classes, columns predicted ones; the last column counts videos without
    predictions. A video of several classes is in the row of each: on the diagonal of all if
    its first prediction is one of them.
    """
    n_classes = outcome.truth.shape[1]
    video, true_class = np.nonzero(outcome.truth)
    # `NOTHING` is an index from the end: the last column.
    predicted = np.where(hits(outcome, 1)[video], true_class, outcome.ranked[video, 0])
    counts = np.zeros((n_classes, n_classes + 1), dtype=np.int64)
    np.add.at(counts, (true_class, predicted), 1)
    return counts


def per_class_accuracy(outcome: RankedClasses) -> FloatArray:
    """Return the share of the videos of each class whose first prediction is right.

    Returns:
        Shape ``(K,)`` in [0, 1]; NaN for a class without videos. Their mean without NaN is the
        mean class accuracy.
    """
    counts = confusion_matrix(outcome)
    right, videos = np.diag(counts).astype(np.float64), counts.sum(axis=1)
    share: FloatArray = np.divide(
        right, videos, out=np.full(len(counts), np.nan), where=videos > 0
    )
    return share
