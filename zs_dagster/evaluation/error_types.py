"""What kind of mistakes a localizer makes, and what the mAP would be without each kind.

The kinds are those of DETAD: Alwassel et al., "Diagnosing Error in Temporal Action Detectors",
ECCV 2018, section 4. At a temporal IoU t, with 0.1 as the least overlap that means anything:

============== ====================================================================
true positive  matched to a true segment of its class, tIoU >= t
duplicate      tIoU >= t with one of its class that a better prediction took
               ("double detection")
localization   overlaps one of its class most, 0.1 <= tIoU < t
wrong label    overlaps one of another class most, tIoU >= t
confusion      overlaps one of another class most, 0.1 <= tIoU < t
background     tIoU < 0.1 with every true segment
missed         a true segment that no prediction is matched to
============== ====================================================================

As there, the first 10 G predictions of a class with G true segments are looked at. A kind of
false positive is fixed by removing its predictions; missed segments by finding them all, ranked
first. The gains do not add up: fixing one kind makes another one matter more.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.evaluation.interpolated import average_precision
from zs_dagster.evaluation.matching import Matches, class_index, match
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.segments import FloatArray, LabelledSegments, tiou

MIN_TIOU = 0.1
LOOKED_AT = 10  # predictions per true segment
TRUE_POSITIVE, MISSED = "true positive", "missed"
FALSE_POSITIVES = ("duplicate", "localization", "wrong label", "confusion", "background")
ERRORS = (*FALSE_POSITIVES, MISSED)
KINDS = (TRUE_POSITIVE, *ERRORS)
Kinds = NDArray[np.str_]


@dataclass(frozen=True)
class ErrorCount:
    """One kind at one threshold.

    Attributes:
        kind: One of `KINDS`.
        tiou: The threshold t.
        count: Predictions of the kind; true segments for ``missed``.
        gain: mAP at t without this kind, less mAP at t; 0 for true positives.
    """

    kind: str
    tiou: float
    count: int
    gain: float


def error_types(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
) -> list[ErrorCount]:
    """Sort the predictions into kinds, at every threshold of a protocol.

    Predictions of classes without ground truth change no number and are left out.

    Args:
        ground_truth: All of it counts, whatever the protocol says about videos without
            predictions.
        predictions: Scored segments.
        protocol: Gives the thresholds. Equal scores are ordered by video, start and end.

    Raises:
        InputError: If there is no ground truth.
    """
    classes = tuple(str(label) for label in np.unique(ground_truth.label))
    if not classes:
        raise InputError("there must be ground truth to tell errors by, got none")
    ranked = _ranked(predictions, classes)
    matches = match(ground_truth, ranked, classes, protocol.thresholds)
    own, other = _overlaps(ranked, ground_truth)
    is_looked_at = _first(matches)
    counts: list[ErrorCount] = []
    for k, threshold in enumerate(protocol.thresholds):
        kinds = _kinds(matches.is_match[k], own, other, threshold)
        kinds[~is_looked_at] = ""
        counts += _counted(matches, k, kinds, threshold)
    return counts


def _ranked(predictions: LabelledSegments, classes: tuple[str, ...]) -> LabelledSegments:
    """Order predictions as `match` does, so that its rows are ours."""
    label = class_index(predictions.label, classes)
    kept = predictions.take(label >= 0)
    segments, label = kept.segments, label[label >= 0]
    keys = (segments.end_s, segments.start_s, kept.video_id, -segments.score, label)
    return kept.take(np.lexsort(keys))


def _overlaps(
    predictions: LabelledSegments, truth: LabelledSegments
) -> tuple[FloatArray, FloatArray]:
    """Return the largest tIoU with the own class and with any other one, shape ``(N,)``."""
    own, other = np.zeros(len(predictions)), np.zeros(len(predictions))
    for video in np.unique(predictions.video_id):
        rows = np.flatnonzero(predictions.video_id == video)
        there = truth.take(truth.video_id == video)
        if len(there):
            overlap = tiou(
                predictions.segments.start_s[rows, None],
                predictions.segments.end_s[rows, None],
                there.segments.start_s[None],
                there.segments.end_s[None],
            )
            is_own = predictions.label[rows, None] == there.label[None]
            own[rows] = np.where(is_own, overlap, 0.0).max(axis=1)
            other[rows] = np.where(is_own, 0.0, overlap).max(axis=1)
    return own, other


def _first(matches: Matches) -> NDArray[np.bool_]:
    """Mark the first 10 G predictions of each class."""
    is_first = np.zeros(matches.label.size, dtype=np.bool_)
    for c, n_truth in enumerate(matches.n_truth.sum(axis=0).tolist()):
        is_first[matches.rows_of(c)][: LOOKED_AT * n_truth] = True
    return is_first


def _kinds(
    is_match: NDArray[np.bool_], own: FloatArray, other: FloatArray, threshold: float
) -> Kinds:
    """Name the kind of each prediction at a threshold; the first rule that holds counts."""
    is_own = own >= other
    rules = [
        (is_match, TRUE_POSITIVE),
        (own >= threshold, "duplicate"),
        (~is_own & (other >= threshold), "wrong label"),
        (is_own & (own >= MIN_TIOU), "localization"),
        (~is_own & (other >= MIN_TIOU), "confusion"),
    ]
    conditions, names = zip(*rules, strict=True)
    widest = np.dtype(f"<U{max(map(len, KINDS))}")
    kinds: Kinds = np.select(conditions, names, "background").astype(widest)
    return kinds


def _counted(matches: Matches, k: int, kinds: Kinds, threshold: float) -> list[ErrorCount]:
    """Count the kinds at the k-th threshold, and evaluate without each."""
    everything = np.ones(kinds.size)
    present = _mean_ap(matches, k, everything)
    n_missed = int(matches.n_truth.sum() - matches.is_match[k].sum())
    counts = [ErrorCount(TRUE_POSITIVE, threshold, int((kinds == TRUE_POSITIVE).sum()), 0.0)]
    for kind in FALSE_POSITIVES:
        without = _mean_ap(matches, k, (kinds != kind).astype(np.float64))
        count = int((kinds == kind).sum())
        counts.append(ErrorCount(kind, threshold, count, without - present))
    found = _mean_ap(_with_missed(matches, k), k, None)
    return [*counts, ErrorCount(MISSED, threshold, n_missed, found - present)]


def _with_missed(matches: Matches, k: int) -> Matches:
    """Put a true positive before the first prediction of a class for each missed segment."""
    label, is_match = [], []
    for c, n_truth in enumerate(matches.n_truth.sum(axis=0).tolist()):
        found = matches.is_match[k, matches.rows_of(c)]
        is_match.append(np.concatenate([np.ones(n_truth - found.sum(), np.bool_), found]))
        label.append(np.full(is_match[-1].size, c, dtype=np.intp))
    rows = np.concatenate(is_match)
    return replace(
        matches,
        label=np.concatenate(label),
        video=np.zeros(rows.size, dtype=np.intp),
        is_match=np.broadcast_to(rows, (len(matches.is_match), rows.size)),
    )


def _mean_ap(matches: Matches, k: int, copies: FloatArray | None) -> float:
    """Return mAP at the k-th threshold where predictions count as often as said."""
    each = np.ones(matches.label.size) if copies is None else copies
    n_truth = matches.n_truth.sum(axis=0).astype(np.float64)
    ap = []
    for c in range(len(matches.classes)):
        rows = matches.rows_of(c)
        weight, is_match = each[rows], matches.is_match[k, rows]
        gained, seen = weight[is_match], np.cumsum(weight)[is_match]
        ap.append(average_precision(gained[:, None], seen[:, None], n_truth[c : c + 1])[0])
    return float(np.mean(ap))
