"""What a protocol counts, before anything is matched and after."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.evaluation.interpolated import per_class_ap
from zs_dagster.evaluation.matching import BoolArray, Matches, match
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.segments import FloatArray, LabelledSegments


@dataclass(frozen=True, eq=False)
class Counted:
    """What is left of two sides under the rules of a protocol.

    Attributes:
        truth: Ground truth that counts.
        predictions: Predictions that count.
        classes: Labels to evaluate; both sides may have others.
    """

    truth: LabelledSegments
    predictions: LabelledSegments
    classes: tuple[str, ...]


def counted(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
    classes: Sequence[str] | None = None,
    *,
    listed: Collection[str] = (),
) -> Counted:
    """Apply the rules that drop videos and ground truth.

    Args:
        ground_truth: All of it, in the order of its file: of repeats the first one counts.
        predictions: All of them.
        protocol: The rules.
        classes: Labels to evaluate; those of the ground truth if None.
        listed: Videos the method was run on, besides those with predictions.

    Raises:
        InputError: If no ground truth is left.
    """
    truth, found = _unblocked(ground_truth, protocol), _unblocked(predictions, protocol)
    truth = truth.take(_is_counted(truth, protocol))
    kept = _of_predicted_videos(truth, found, protocol, listed)
    names = _chosen(truth if protocol.counts_absent_classes else kept, classes)
    return Counted(kept, found, names)


def matches_of(rows: Counted, protocol: LocalizationProtocol) -> Matches:
    """`match` with the rules of a protocol."""
    return match(
        rows.truth,
        rows.predictions,
        rows.classes,
        protocol.thresholds,
        is_later_first=protocol.is_later_first,
    )


def protocol_ap(
    matches: Matches, weight: FloatArray, protocol: LocalizationProtocol
) -> FloatArray:
    """`per_class_ap` with the rules of a protocol; shape ``(R, K, C)``, fractions."""
    ap = per_class_ap(matches, weight)
    if protocol.percent_decimals is not None:
        ap = np.round(100 * ap, protocol.percent_decimals) / 100
    if protocol.counts_absent_classes:
        ap[:, :, ~matches.n_truth.any(axis=0)] = 0
    return ap


def _unblocked(rows: LabelledSegments, protocol: LocalizationProtocol) -> LabelledSegments:
    if not protocol.blocked:
        return rows
    return rows.take(~np.isin(rows.video_id, protocol.blocked))


def _is_counted(truth: LabelledSegments, protocol: LocalizationProtocol) -> BoolArray:
    """Where ground truth is long enough and repeats no earlier segment that is."""
    segments = truth.segments
    is_long: BoolArray = segments.end_s - segments.start_s >= protocol.min_truth_s
    if protocol.repeat_s is None:
        return is_long
    kept: dict[tuple[str, str], list[tuple[float, float]]] = {}
    groups = zip(truth.video_id.tolist(), truth.label.tolist(), strict=True)
    spans = zip(segments.start_s.tolist(), segments.end_s.tolist(), strict=True)
    for row, (group, span) in enumerate(zip(groups, spans, strict=True)):
        earlier = kept.setdefault(group, [])
        if is_long[row] and not _repeats(span, earlier, protocol.repeat_s):
            earlier.append(span)
        else:
            is_long[row] = False
    return is_long


def _repeats(
    span: tuple[float, float], earlier: list[tuple[float, float]], within_s: float
) -> bool:
    return any(
        abs(span[0] - start) <= within_s and abs(span[1] - end) <= within_s
        for start, end in earlier
    )


def _of_predicted_videos(
    truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
    listed: Collection[str],
) -> LabelledSegments:
    """The ground truth of the videos that count; all of it where nothing would be left."""
    if protocol.truth_videos == "all":
        return truth
    predicted = set(predictions.video_id.tolist())
    annotated = truth.video_id.tolist()
    if protocol.truth_videos == "listed":
        predicted.update(listed)
    elif len(predicted) >= len(set(annotated)):
        return truth
    kept = truth.take(np.array([video in predicted for video in annotated], dtype=np.bool_))
    return kept if len(kept) else truth


def _chosen(truth: LabelledSegments, classes: Sequence[str] | None) -> tuple[str, ...]:
    """The classes to evaluate: those asked for, or those of the ground truth, sorted."""
    present = sorted(set(truth.label.tolist()))
    chosen = tuple(present if classes is None else classes)
    if not set(chosen) & set(present):
        raise InputError(
            f"there is no ground truth to evaluate against: got {len(truth)} segments "
            f"of {len(present)} classes, of which {len(chosen)} asked for; check the files and "
            "the spelling of the classes"
        )
    return chosen
