"""All metrics of class predictions of whole videos, from names to numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.evaluation.accuracy import (
    IntArray,
    RankedClasses,
    confusion_matrix,
    hits,
    per_class_accuracy,
)
from zs_dagster.evaluation.accuracy_intervals import accuracy_interval, mean_class_interval
from zs_dagster.evaluation.bootstrap import Interval
from zs_dagster.evaluation.label_files import Guess, ranked
from zs_dagster.segments import FloatArray

TOP = 5
Confusion = tuple[str, str, int]


@dataclass(frozen=True, eq=False)
class ClassificationMetrics:
    """Accuracy of one set of predictions.

    Attributes:
        classes: K names.
        n_videos: Videos of the ground truth.
        n_missing: Those without predictions; they count as wrong.
        top1: Share of videos whose first prediction is one of their classes.
        top5: Share with one among the first five; None if no video has min(5, K) predictions.
        mean_class_accuracy: Mean over classes of the share of their videos that is right.
        per_class: Shape ``(K,)``, that share; NaN for a class without videos.
        confusion: Shape ``(K, K + 1)``, as `confusion_matrix` gives it.
    """

    classes: tuple[str, ...]
    n_videos: int
    n_missing: int
    top1: Interval
    top5: Interval | None
    mean_class_accuracy: Interval
    per_class: FloatArray
    confusion: IntArray

    @property
    def confusions(self) -> list[Confusion]:
        """Pairs ``(true, predicted, videos)`` that are wrong, most frequent first."""
        wrong = self.confusion[:, :-1].copy()
        np.fill_diagonal(wrong, 0)
        rows, columns = np.nonzero(wrong)
        order = np.argsort(-wrong[rows, columns], kind="stable")
        return [
            (self.classes[rows[i]], self.classes[columns[i]], int(wrong[rows[i], columns[i]]))
            for i in order
        ]

    @property
    def per_class_rows(self) -> list[tuple[str, int, float | None]]:
        """Triples ``(class, videos, accuracy)``; no accuracy for a class without videos."""
        counts = self.confusion.sum(axis=1).tolist()
        shares = [None if math.isnan(share) else share for share in self.per_class.tolist()]
        return list(zip(self.classes, counts, shares, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return fractions, not percent, ready for JSON; null where a number is not known."""
        intervals: dict[str, Interval | None] = {
            "top1": self.top1,
            "top5": self.top5,
            "mean_class_accuracy": self.mean_class_accuracy,
        }
        return {
            "n_videos": self.n_videos,
            "n_classes": len(self.classes),
            "n_missing": self.n_missing,
            **{name: known and known.value for name, known in intervals.items()},
            "intervals": {name: known and bounds(known) for name, known in intervals.items()},
            "per_class": {
                name: {"n_videos": count, "accuracy": share}
                for name, count, share in self.per_class_rows
            },
            "confusions": [
                {"truth": truth, "predicted": predicted, "n": n}
                for truth, predicted, n in self.confusions
            ],
        }


def bounds(interval: Interval) -> list[float]:
    """Return low and high, ready for JSON."""
    return [interval.low, interval.high]


def ranked_classes(
    truth: Mapping[str, Sequence[str]],
    guesses: Mapping[str, Sequence[Guess]],
    classes: Sequence[str],
    source: object,
) -> RankedClasses:
    """Join predictions with the ground truth.

    Args:
        truth: Video -> its classes.
        guesses: Video -> predictions; a video may be missing.
        classes: The classes of the task; their order breaks ties.
        source: Where the predictions are from, for messages.

    Raises:
        InputError: If predictions are of an unknown video or class, or contradict themselves.
    """
    known = set(classes)
    for video, found in guesses.items():
        if video not in truth:
            raise InputError(
                f"{source}: video '{video}' must be one of the {len(truth)} of the ground truth"
            )
        for guess in found:
            if guess.label not in known:
                raise InputError(
                    f"{source}: label '{guess.label}' of video '{video}' must be one of the "
                    f"{len(classes)} classes; --classes names classes without videos"
                )
    order = {
        video: ranked(found, classes, f"{source}: video '{video}'")
        for video, found in guesses.items()
    }
    return RankedClasses.from_rows(truth, order, classes)


def check_truth(truth: Mapping[str, Sequence[str]], classes: Sequence[str]) -> None:
    """Refuse ground truth without videos, or of classes that the task does not have.

    Raises:
        InputError: It names video and class.
    """
    if not truth:
        raise InputError("ground truth must label at least one video, got none")
    known = set(classes)
    for video, labels in truth.items():
        for label in labels:
            if label not in known:
                raise InputError(
                    f"label '{label}' of video '{video}' in the ground truth must be one of "
                    f"the {len(classes)} classes"
                )


def evaluate_classes(outcome: RankedClasses, classes: Sequence[str]) -> ClassificationMetrics:
    """Compute all metrics of one set of predictions."""
    n_videos = len(outcome.truth)
    n_ranked = (outcome.ranked >= 0).sum(axis=1)
    top5 = accuracy_interval(int(hits(outcome, TOP).sum()), n_videos)
    return ClassificationMetrics(
        classes=tuple(classes),
        n_videos=n_videos,
        n_missing=int((n_ranked == 0).sum()),
        top1=accuracy_interval(int(hits(outcome, 1).sum()), n_videos),
        top5=top5 if n_ranked.max() >= min(TOP, len(classes)) else None,
        mean_class_accuracy=mean_class_interval(outcome),
        per_class=per_class_accuracy(outcome),
        confusion=confusion_matrix(outcome),
    )
