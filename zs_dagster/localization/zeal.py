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

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zs_dagster.localization.candidates import spread_out, top_samples
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.frame_scores import FrameScores, frame_scores
from zs_dagster.localization.localizer import EachClass, Localizer
from zs_dagster.localization.merge import merge_neighbours
from zs_dagster.localization.normalise import normalise
from zs_dagster.localization.pairing import pair
from zs_dagster.localization.parameters import PRESETS, ZealParameters
from zs_dagster.localization.proposals import IndexArray, Proposals
from zs_dagster.localization.scoring import score_pairs
from zs_dagster.localization.soft_nms import soft_nms, soft_nms_sorted_once
from zs_dagster.segments import FloatArray, Segments

__all__ = ["ZEAL", "Considered", "Proposals", "considered", "localize", "localize_class"]

PAPER_MIN_SAMPLES = 3


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
    scores = frame_scores(confidence, actionness, time_s, end_s)
    reason = _why_skipped(scores, parameters)
    if reason is not None:
        return Proposals.none(reason)
    start = normalise(scores.confidence[:, 0], parameters.normalise_epsilon)
    end = normalise(scores.confidence[:, 1], parameters.normalise_epsilon)
    if start is None or end is None:
        which = "start" if start is None else "end"
        return Proposals.none(f"the {which} confidence is constant: it does not say when")
    starts, ends = _boundaries(start, end, scores, parameters)
    samples = _pairs(starts, ends, len(scores), parameters)
    if not samples.size:
        return Proposals.none("no start is followed by an end")
    weight = parameters.confidence_weight
    score = score_pairs(start, end, scores.actionness, samples, weight)
    return _select(samples, score, scores, parameters)


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
    borders = (scores.time_s, _end_of(scores, parameters))
    none = np.zeros(0, dtype=np.intp)
    if _why_skipped(scores, parameters) is None:
        start = normalise(scores.confidence[:, 0], parameters.normalise_epsilon)
        end = normalise(scores.confidence[:, 1], parameters.normalise_epsilon)
        if start is not None and end is not None:
            starts, ends = _boundaries(start, end, scores, parameters)
            pairs = _pairs(starts, ends, len(scores), parameters)
            return Considered(*borders, starts, ends, pairs)
    return Considered(*borders, none, none, none.reshape(0, 2))


def localize_class(scores: ClassScores, parameters: ZealParameters) -> Proposals:
    """Find the segments of a class whose scores were read from the store."""
    return localize(
        scores.confidence, scores.actionness, scores.time_s, scores.end_s, parameters
    )


ZEAL = Localizer(
    "ZEAL",
    PRESETS,
    lambda parameters, _: EachClass(lambda scores: localize_class(scores, parameters)),
)


def _why_skipped(scores: FrameScores, parameters: ZealParameters) -> str | None:
    """Reason to look no further, or None."""
    if not len(scores):
        return "there are no samples"
    if parameters.variant == "default":
        return None
    if len(scores) < PAPER_MIN_SAMPLES:
        return f"{len(scores)} samples are fewer than the {PAPER_MIN_SAMPLES} the paper needs"
    mean = float(scores.confidence.mean())
    if mean < parameters.min_mean_confidence:
        return (
            f"the mean confidence {mean:.3g} is below "
            f"min_mean_confidence={parameters.min_mean_confidence:g}"
        )
    return None


def _boundaries(
    start: FloatArray, end: FloatArray, scores: FrameScores, parameters: ZealParameters
) -> tuple[IndexArray, IndexArray]:
    """Samples that may start and samples that may end an action, each increasing."""
    rank = int(parameters.top_fraction * len(scores))
    if rank < 1 and parameters.variant == "zeal-paper":
        return np.array([0], dtype=np.intp), np.array([len(scores) - 1], dtype=np.intp)
    starts = _candidates(start, max(rank, 1), scores, parameters)
    return starts, _candidates(end, max(rank, 1), scores, parameters)


def _pairs(
    starts: IndexArray, ends: IndexArray, n_samples: int, parameters: ZealParameters
) -> IndexArray:
    """Inclusive first and last samples of the proposals, shape ``(N, 2)``."""
    is_paper = parameters.variant == "zeal-paper"
    if is_paper and int(parameters.top_fraction * n_samples) < 1:
        return np.array([[0, n_samples - 1]], dtype=np.intp)
    samples = pair(starts, ends, math.floor(parameters.max_length_fraction * n_samples))
    if is_paper and not samples.size and starts[0] <= ends[0]:
        return np.array([[starts[0], ends[0]]], dtype=np.intp)
    return samples


def _candidates(
    column: FloatArray, rank: int, scores: FrameScores, parameters: ZealParameters
) -> IndexArray:
    """Samples that may start (or end) an action, increasing."""
    if parameters.min_gap_s is None:
        position = np.arange(len(scores), dtype=np.float64)
        min_gap = float(parameters.min_gap_samples)
    else:
        position, min_gap = scores.time_s, parameters.min_gap_s
    return spread_out(
        top_samples(column, rank),
        column,
        position,
        min_gap,
        is_later_first=parameters.variant == "zeal-paper",
    )


def _select(
    samples: IndexArray, score: FloatArray, scores: FrameScores, parameters: ZealParameters
) -> Proposals:
    """Demote, drop and merge overlapping proposals, and place the rest in time."""
    is_paper = parameters.variant == "zeal-paper"
    index = np.arange(len(scores), dtype=np.float64)
    seconds = (scores.time_s, scores.span_end_s)
    kept, kept_score = _suppress(samples, score, scores, parameters)
    if not kept.size:
        return Proposals.none(
            f"all {score.size} proposals score below min_score={parameters.min_score:g}, the "
            f"best {score.max():.3g}"
        )
    merged, merged_score = merge_neighbours(
        samples[kept],
        kept_score,
        (index, index) if is_paper else seconds,
        parameters.merge_tiou,
        is_running_mean=is_paper,
    )
    return Proposals.ranked(merged, merged_score, scores.time_s, _end_of(scores, parameters))


def _end_of(scores: FrameScores, parameters: ZealParameters) -> FloatArray:
    """When a segment ends whose last sample is each, seconds."""
    return scores.time_s if parameters.variant == "zeal-paper" else scores.span_end_s


def _suppress(
    samples: IndexArray, score: FloatArray, scores: FrameScores, parameters: ZealParameters
) -> tuple[IndexArray, FloatArray]:
    """Rows that survive soft-NMS, and their decayed scores."""
    sigma, min_score = parameters.soft_nms_sigma, parameters.min_score
    if parameters.variant == "zeal-paper":
        return soft_nms_sorted_once(samples, score, sigma=sigma, min_score=min_score)
    segments = Segments(scores.time_s[samples[:, 0]], scores.span_end_s[samples[:, 1]], score)
    return soft_nms(segments, sigma=sigma, min_score=min_score)
