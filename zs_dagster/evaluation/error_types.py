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
from zs_dagster.evaluation.matching import Matches, match, pairs_of, positions, served
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.segments import FloatArray, LabelledSegments, tiou

MIN_TIOU = 0.1
LOOKED_AT = 10  # predictions per true segment
TRUE_POSITIVE, MISSED = "true positive", "missed"
FALSE_POSITIVES = ("duplicate", "localization", "wrong label", "confusion", "background")
ERRORS = (*FALSE_POSITIVES, MISSED)
KINDS = (TRUE_POSITIVE, *ERRORS)
Kinds = NDArray[np.int8]
"""Place in `KINDS`, -1 for predictions that are not looked at."""


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
    # As `match` orders them, so that its rows are ours.
    ranked = predictions.take(served(predictions, classes))
    matches = match(ground_truth, ranked, classes, protocol.thresholds)
    own, other = _overlaps(ranked, ground_truth)
    is_looked_at = _first(matches)
    counts: list[ErrorCount] = []
    for k, threshold in enumerate(protocol.thresholds):
        kinds = _kinds(matches.is_match[k], own, other, threshold)
        kinds[~is_looked_at] = -1
        counts += _counted(matches, k, kinds, threshold)
    return counts


def _overlaps(
    predictions: LabelledSegments, truth: LabelledSegments
) -> tuple[FloatArray, FloatArray]:
    """Return the largest tIoU with the own class and with any other one, shape ``(N,)``."""
    videos = {name: i for i, name in enumerate(dict.fromkeys(truth.video_id.tolist()))}
    there = positions(truth.video_id, videos)
    order = np.argsort(there, kind="stable")
    own, other = np.zeros(len(predictions)), np.zeros(len(predictions))
    for one, at in pairs_of(there[order], positions(predictions.video_id, videos)):
        known = order[at]
        overlap = tiou(
            predictions.segments.start_s[one],
            predictions.segments.end_s[one],
            truth.segments.start_s[known],
            truth.segments.end_s[known],
        )
        is_own = predictions.label[one] == truth.label[known]
        np.maximum.at(own, one[is_own], overlap[is_own])
        np.maximum.at(other, one[~is_own], overlap[~is_own])
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
    places = [np.int8(KINDS.index(name)) for name in names]
    kinds: Kinds = np.select(conditions, places, np.int8(KINDS.index("background")))
    return kinds


def _counted(matches: Matches, k: int, kinds: Kinds, threshold: float) -> list[ErrorCount]:
    """Count the kinds at the k-th threshold, and evaluate without each."""
    present = _mean_ap(matches, k, None)
    n_missed = int(matches.n_truth.sum() - matches.is_match[k].sum())
    n_right = int((kinds == KINDS.index(TRUE_POSITIVE)).sum())
    counts = [ErrorCount(TRUE_POSITIVE, threshold, n_right, 0.0)]
    for kind in FALSE_POSITIVES:
        is_kind = kinds == KINDS.index(kind)
        without = _mean_ap(matches, k, ~is_kind)
        counts.append(ErrorCount(kind, threshold, int(is_kind.sum()), without - present))
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


def _mean_ap(matches: Matches, k: int, is_left: NDArray[np.bool_] | None) -> float:
    """Return mAP at the k-th threshold of all predictions, or of those that are left."""
    n_truth = matches.n_truth.sum(axis=0).astype(np.float64)
    ap = []
    for c in range(len(matches.classes)):
        rows = matches.rows_of(c)
        is_match = matches.is_match[k, rows]
        weight = np.ones(is_match.size) if is_left is None else is_left[rows].astype(np.float64)
        gained, seen = weight[is_match], np.cumsum(weight)[is_match]
        ap.append(average_precision(gained[:, None], seen[:, None], n_truth[c : c + 1])[0])
    return float(np.mean(ap))
