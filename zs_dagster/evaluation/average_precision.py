"""Mean average precision of temporal localization, as the ActivityNet toolkit defines it."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zs_dagster.evaluation.matching import BoolArray
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.evaluation.rules import Counted, counted, matches_of, protocol_ap
from zs_dagster.segments import FloatArray, LabelledSegments, StringArray


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
    *,
    listed: Collection[str] = (),
) -> LocalizationMetrics:
    """Score predictions against ground truth.

    Args:
        ground_truth: All annotated segments of all videos that count, with predictions or
            without; their scores are not read.
        predictions: Scored segments. Duplicates count as false positives, and so do segments
            in videos that the ground truth does not have.
        protocol: One of `PROTOCOLS`, or your own.
        classes: Labels to which both sides are restricted; those of the ground truth if None.
        listed: Videos the method was run on, even where it found nothing: protocols that count
            listed videos ask.

    Raises:
        InputError: If no ground truth is left to evaluate against, or a class comes twice.

    Reference:
        ActivityNet toolkit, `eval_detection.py`; interpolation of VOC 2011 over all points.
    """
    rows = counted(ground_truth, predictions, protocol, classes, listed=listed)
    matches = matches_of(rows, protocol)
    n_predictions, n_label, n_video = _counts(rows, is_restricted=classes is not None)
    return LocalizationMetrics(
        protocol=protocol.name,
        thresholds=protocol.thresholds,
        classes=rows.classes,
        ap=protocol_ap(matches, np.ones((1, len(matches.videos))), protocol)[0],
        n_ground_truth=int(matches.n_truth.sum()),
        n_predictions=n_predictions,
        n_unknown_label=n_label,
        n_unknown_video=n_video,
    )


def _counts(rows: Counted, *, is_restricted: bool) -> tuple[int, int, int]:
    """Predictions that count, and of these those of unknown labels and in unknown videos."""
    chosen = rows.classes if is_restricted else set(rows.predictions.label.tolist())
    is_ours = _is_among(rows.predictions.label, chosen)
    is_label = _is_among(rows.predictions.label, rows.truth.label.tolist())
    is_video = _is_among(rows.predictions.video_id, rows.truth.video_id.tolist())
    counts = (is_ours, is_ours & ~is_label, is_ours & ~is_video)
    n_predictions, n_label, n_video = (int(one.sum()) for one in counts)
    return n_predictions, n_label, n_video


def _is_among(names: StringArray, some: Iterable[str]) -> BoolArray:
    known = set(some)
    return np.fromiter((name in known for name in names.tolist()), np.bool_, len(names))
