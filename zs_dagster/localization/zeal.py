"""ZEAL: from the confidence that an action starts or ends here to scored segments.

The steps are one file each: `normalise`, `candidates`, `pairing`, `scoring`, `soft_nms`,
`merge`. This file only puts them in order and holds what differs between the two variants:

====================== ================================ ==================================
what differs           ``default``                      ``zeal-paper`` (the authors' code)
====================== ================================ ==================================
skipped                constant columns                 also T <= 2, and mean confidence
                                                        below ``min_mean_confidence``
no sample in the top   the best sample                  first sample starts, last one ends
no start before an end nothing                          first start with first end, if it
                                                        is not later
equal confidences      the earlier sample is better     the later sample is better
soft-NMS               takes the best anew each time,   sorts once; inclusive lengths in
                       exact overlap in seconds         samples
merging                overlap in seconds, mean score   overlap in samples, running mean
end of a proposal      end of the last sample's span    time of the last sample
====================== ================================ ==================================

Where numpy's unstable sort leaves the authors' result to the processor (equal values), we
sort stably, so that one input has one result everywhere. Where their code returns NaN (a
constant column; no end after any start) there is no proposal and `Proposals.reason` says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.frame_scores import FrameScores, frame_scores
from zs_dagster.localization.localizer import EachClass, Localizer
from zs_dagster.localization.merge import merge_neighbours
from zs_dagster.localization.parameters import PRESETS, ZealParameters
from zs_dagster.localization.proposals import IndexArray, Proposals
from zs_dagster.localization.scoring import score_pairs_of_rows
from zs_dagster.localization.soft_nms import soft_nms_sorted_once
from zs_dagster.localization.soft_nms_each import soft_nms_each
from zs_dagster.localization.stacked_scores import StackedScores, by_length
from zs_dagster.localization.zeal_choices import Choices, choices
from zs_dagster.segments import FloatArray, Segments, tiou

__all__ = ["ZEAL", "Considered", "Proposals", "considered", "localize", "localize_classes"]


def localize(
    confidence: ArrayLike,
    actionness: ArrayLike,
    time_s: ArrayLike,
    end_s: float,
    parameters: ZealParameters = PRESETS["default"],
) -> Proposals:
    """Find the segments of one class in one video.

    Args:
        confidence: Shape ``(T, 2)``, P(yes) in [0, 1] of the start and the end question.
        actionness: Shape ``(T,)``, cosine of frame and class text in [-1, 1].
        time_s: Shape ``(T,)``, presentation times of the samples, seconds, increasing.
        end_s: Seconds, end of the last sample's span.
        parameters: One of `PRESETS`, or your own.

    Returns:
        Half-open segments in seconds, best first, with their samples; or why there are none.

    Raises:
        InputError: If shapes disagree, or a value is not finite or out of range.

    Reference:
        ZEAL, arXiv:2410.14340, section 3.
    """
    scores = StackedScores.of([frame_scores(confidence, actionness, time_s, end_s)])
    return _localize(scores, parameters)[0]


def localize_classes(
    classes: Sequence[ClassScores], parameters: ZealParameters
) -> list[Proposals]:
    """Find the segments of many classes, of one or more videos.

    Each class gets to the last bit what `localize` gives it alone. Together they are about
    ten times as fast: the steps run over all classes with equally many samples at once.

    Raises:
        InputError: As `localize`, for the first class that breaks a rule.
    """
    found: dict[int, Proposals] = {}
    for places, scores in by_length(classes):
        found |= zip(places, _localize(scores, parameters), strict=True)
    return [found[place] for place in range(len(classes))]


@dataclass(frozen=True, eq=False)
class Considered:
    """What `localize` chooses from in one video for one class, before it scores anything.

    Attributes:
        start_of: Shape ``(T,)``, seconds at which a segment starts that begins at a sample.
        end_of: Shape ``(T,)``, seconds at which one ends whose last sample it is.
        starts: Samples that may start an action, increasing; none if the class is skipped.
        ends: Samples that may end one.
        pairs: Shape ``(N, 2)``, the proposals, first and last sample, both inclusive.
    """

    start_of: FloatArray
    end_of: FloatArray
    starts: IndexArray
    ends: IndexArray
    pairs: IndexArray


def considered(
    confidence: ArrayLike, time_s: ArrayLike, end_s: float, parameters: ZealParameters
) -> Considered:
    """Return the choices of `localize` for the same input, which actionness does not change.

    Raises:
        InputError: As `localize`.
    """
    scores = frame_scores(confidence, np.zeros(np.asarray(time_s).size), time_s, end_s)
    made = choices(StackedScores.of([scores]), parameters)
    end_of = _ends_of(scores, parameters)
    return Considered(scores.time_s, end_of, made.starts[1], made.ends[1], made.samples)


ZEAL = Localizer(
    "ZEAL",
    PRESETS,
    lambda parameters, _: EachClass(lambda classes: localize_classes(classes, parameters)),
)


def _localize(scores: StackedScores, parameters: ZealParameters) -> list[Proposals]:
    """Find the segments of each of some classes with equally many samples."""
    made = choices(scores, parameters)
    weight = parameters.confidence_weight
    score = score_pairs_of_rows(
        made.columns, scores.actionness, (made.owner, made.samples), weight
    )
    kept, kept_score = _suppress(made, score, scores, parameters)
    placed = _place(scores, made.owner[kept], made.samples[kept], kept_score, parameters)
    found = []
    for row, reason in enumerate(made.reasons):
        if reason is None and row not in placed:
            reason = _why_none(score[made.owner == row], parameters)
        found.append(Proposals.none(reason) if reason else placed[row])
    return found


def _why_none(score: FloatArray, parameters: ZealParameters) -> str:
    """Why a class that was looked at has no proposal, from the scores of all it had."""
    if not score.size:
        return "no start is followed by an end"
    return (
        f"all {score.size} proposals score below min_score={parameters.min_score:g}, the best "
        f"{score.max():.3g}"
    )


def _suppress(
    made: Choices, score: FloatArray, scores: StackedScores, parameters: ZealParameters
) -> tuple[IndexArray, FloatArray]:
    """Rows that survive soft-NMS, by class, best first, and their decayed scores."""
    sigma, min_score = parameters.soft_nms_sigma, parameters.min_score
    owner, samples = made.owner, made.samples
    if parameters.variant == "default":
        start_s = scores.time_s[owner, samples[:, 0]]
        segments = Segments(start_s, scores.span_end_s[owner, samples[:, 1]], score)
        return soft_nms_each(segments, samples, owner, sigma=sigma, min_score=min_score)
    kept, kept_score = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for one in np.unique(owner):
        rows = np.flatnonzero(owner == one)
        found, decayed = soft_nms_sorted_once(
            samples[rows], score[rows], sigma=sigma, min_score=min_score
        )
        kept.append(rows[found])
        kept_score.append(decayed)
    return np.concatenate(kept), np.concatenate(kept_score)


def _place(
    scores: StackedScores,
    owner: IndexArray,
    samples: IndexArray,
    score: FloatArray,
    parameters: ZealParameters,
) -> dict[int, Proposals]:
    """Merge what is nearly the same, and place the rest in time: class -> proposals."""
    border = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), owner.size).tolist()
    start_s = scores.time_s[owner, samples[:, 0]]
    end_s = _ends_of(scores, parameters)[owner, samples[:, 1]]
    to_merge = _to_merge(scores, owner, samples, parameters)
    placed = {}
    for first, stop in pairwise(border):
        row, mine = int(owner[first]), slice(first, stop)
        if row in to_merge:
            placed[row] = _merged(samples[mine], score[mine], scores[row], parameters)
        else:  # Soft-NMS gives the best first, and equal ones in the order of their samples.
            segments = Segments(start_s[mine], end_s[mine], score[mine])
            placed[row] = Proposals(segments, samples[mine])
    return placed


def _to_merge(
    scores: StackedScores, owner: IndexArray, samples: IndexArray, parameters: ZealParameters
) -> set[int]:
    """Classes in which some proposal is to be merged; in most none is."""
    if parameters.variant == "zeal-paper":
        return set(owner.tolist())
    order = np.argsort(owner * scores.num_samples + samples[:, 0], kind="stable")
    owner, first, last = owner[order], samples[order, 0], samples[order, 1]
    start_s, end_s = scores.time_s[owner, first], scores.span_end_s[owner, last]
    overlap = tiou(start_s[:-1], end_s[:-1], start_s[1:], end_s[1:])
    is_near = (owner[:-1] == owner[1:]) & (overlap > parameters.merge_tiou)
    return set(owner[1:][is_near].tolist())


def _merged(
    samples: IndexArray, score: FloatArray, scores: FrameScores, parameters: ZealParameters
) -> Proposals:
    """Merge the proposals of one class and place them in time."""
    is_paper = parameters.variant == "zeal-paper"
    index = np.arange(len(scores), dtype=np.float64)
    borders = (index, index) if is_paper else (scores.time_s, scores.span_end_s)
    merged, merged_score = merge_neighbours(
        samples, score, borders, parameters.merge_tiou, is_running_mean=is_paper
    )
    return Proposals.ranked(merged, merged_score, scores.time_s, _ends_of(scores, parameters))


def _ends_of(scores: FrameScores | StackedScores, parameters: ZealParameters) -> FloatArray:
    """When a segment ends whose last sample is each, seconds."""
    return scores.time_s if parameters.variant == "zeal-paper" else scores.span_end_s
