"""Mean average precision of temporal localization, as the ActivityNet toolkit defines it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.evaluation.matching import BoolArray, Matches, class_index, match
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.segments import FloatArray, LabelledSegments


@dataclass(frozen=True, eq=False)
class LocalizationMetrics:
    """Average precision at K thresholds for C classes; fractions, not percent.

    Attributes:
        protocol: Name of the protocol.
        thresholds: K temporal IoUs.
        classes: C labels.
        ap: Shape ``(K, C)`` in [0, 1]; NaN for a class without ground truth, which no mean
            includes. 0 for a class that has ground truth but no predictions.
        n_ground_truth: Ground-truth segments evaluated against.
        n_predictions: Predictions evaluated, those of the two next counts included.
        n_unknown_label: Predictions of a label without ground truth: they change nothing.
        n_unknown_video: Predictions in videos without ground truth: all are false positives.
    """

    protocol: str
    thresholds: tuple[float, ...]
    classes: tuple[str, ...]
    ap: FloatArray
    n_ground_truth: int
    n_predictions: int
    n_unknown_label: int
    n_unknown_video: int

    @property
    def mean_ap(self) -> FloatArray:
        """Mean over the classes with ground truth, shape ``(K,)``."""
        mean: FloatArray = np.nanmean(self.ap, axis=1)
        return mean

    @property
    def average_map(self) -> float:
        """Mean over classes and thresholds: the headline number."""
        return float(self.mean_ap.mean())

    def to_json(self) -> dict[str, Any]:
        """The published form; null stands for a class without ground truth."""
        keys = [f"{threshold:g}" for threshold in self.thresholds]
        per_class = {
            name: {
                key: None if math.isnan(ap) else float(ap)
                for key, ap in zip(keys, column, strict=True)
            }
            for name, column in zip(self.classes, self.ap.T, strict=True)
        }
        return {
            "protocol": self.protocol,
            "thresholds": list(self.thresholds),
            "mAP": {key: float(ap) for key, ap in zip(keys, self.mean_ap, strict=True)},
            "average_mAP": self.average_map,
            "per_class": per_class,
            "n_ground_truth": self.n_ground_truth,
            "n_predictions": self.n_predictions,
        }


def evaluate(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
    classes: Sequence[str] | None = None,
) -> LocalizationMetrics:
    """Score predictions against ground truth.

    Args:
        ground_truth: All annotated segments of all videos that count, with predictions or
            without; their scores are not read.
        predictions: Scored segments. Duplicates count as false positives, and so do segments
            in videos that the ground truth does not have.
        protocol: One of `PROTOCOLS`, or your own.
        classes: Labels to which both sides are restricted; those of the ground truth if None.

    Raises:
        InputError: If no ground truth is left to evaluate against, or a class comes twice.

    Reference:
        ActivityNet toolkit, `eval_detection.py`; interpolation of VOC 2011 over all points.
    """
    kept = ground_truth_of(ground_truth, predictions, protocol)
    names = chosen_classes(kept, classes)
    matches = matches_of(kept, predictions, protocol, names)
    is_ours = np.ones(len(predictions), dtype=np.bool_)
    if classes is not None:
        is_ours = class_index(predictions.label, names) >= 0
    return LocalizationMetrics(
        protocol=protocol.name,
        thresholds=protocol.thresholds,
        classes=names,
        ap=per_class_ap(matches, np.ones((1, len(matches.videos))))[0],
        n_ground_truth=int(matches.n_truth.sum()),
        n_predictions=int(is_ours.sum()),
        n_unknown_label=int((is_ours & ~np.isin(predictions.label, kept.label)).sum()),
        n_unknown_video=int((is_ours & ~np.isin(predictions.video_id, kept.video_id)).sum()),
    )


def ground_truth_of(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
) -> LabelledSegments:
    """The ground truth a protocol counts; all of it where the rule would leave nothing."""
    predicted = np.unique(predictions.video_id)
    if not protocol.is_predicted_videos_only:
        return ground_truth
    if predicted.size >= np.unique(ground_truth.video_id).size:
        return ground_truth
    kept = ground_truth.take(np.isin(ground_truth.video_id, predicted))
    return kept if len(kept) else ground_truth


def chosen_classes(
    ground_truth: LabelledSegments, classes: Sequence[str] | None
) -> tuple[str, ...]:
    """The classes to evaluate: those asked for, or those of the ground truth, sorted.

    Raises:
        InputError: If none of them has ground truth.
    """
    present = sorted(str(label) for label in np.unique(ground_truth.label))
    chosen = tuple(present if classes is None else classes)
    if not set(chosen) & set(present):
        raise InputError(
            f"there is no ground truth to evaluate against: got {len(ground_truth)} segments "
            f"of {len(present)} classes, of which {len(chosen)} asked for; check the files and "
            "the spelling of the classes"
        )
    return chosen


def matches_of(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
    classes: Sequence[str],
) -> Matches:
    """`match` with the rules of a protocol."""
    return match(
        ground_truth,
        predictions,
        classes,
        protocol.thresholds,
        is_later_first=protocol.is_later_first,
    )


def per_class_ap(matches: Matches, weight: NDArray[np.float64]) -> FloatArray:
    """Average precision where each video counts a given number of times.

    Args:
        matches: The matching, done once.
        weight: Shape ``(R, V)``, how often each video counts in each of R evaluations.

    Returns:
        Shape ``(R, K, C)``; NaN where a class has no ground truth. Copies of one prediction
        follow each other in the ranking.
    """
    n_truth = weight @ matches.n_truth
    ap = np.full((len(weight), len(matches.is_match), len(matches.classes)), np.nan)
    for c in range(len(matches.classes)):
        rows = matches.rows_of(c)
        copies = weight[:, matches.video[rows]]
        seen = np.cumsum(copies, axis=1)
        for k, is_match in enumerate(matches.is_match[:, rows]):
            ap[:, k, c] = average_precision(is_match, copies, seen, n_truth[:, c])
    return ap


def average_precision(
    is_match: BoolArray, copies: FloatArray, seen: FloatArray, n_truth: FloatArray
) -> FloatArray:
    """Area under the interpolated precision-recall curve of one class at one threshold.

    Precision rises only at matches, so the rest of the ranking is read off ``seen``.

    Args:
        is_match: Shape ``(N,)``, ranked predictions, best first.
        copies: Shape ``(R, N)``, how often each prediction counts.
        seen: Shape ``(R, N)``, running sum of ``copies``.
        n_truth: Shape ``(R,)``, ground-truth segments.

    Returns:
        Shape ``(R,)`` in [0, 1]; NaN where there is no ground truth.
    """
    gained = copies[:, is_match]
    at = seen[:, is_match]
    precision = np.divide(np.cumsum(gained, axis=1), at, out=np.zeros_like(at), where=at > 0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    area = (gained * envelope).sum(axis=1)
    ap: FloatArray = np.divide(area, n_truth, out=np.full_like(area, np.nan), where=n_truth > 0)
    return ap
