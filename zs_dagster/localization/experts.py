"""A product of experts: what start, end, order and actionness say of a pair, multiplied.

The same cached scores as ZEAL, read as evidence. A pair of a start and an end sample is an
action if all of this holds, each judged on its own:

- the first sample is a start and no end, the last one an end and no start;
- no other start or end lies between them;
- every sample between resembles the class, those just outside do not.

So log-probabilities add up (Hinton, "Products of experts", Neural Computation 14, 2002). P(yes)
is taken as it is, not stretched per video: a class that is absent has low peaks and keeps them.
Actionness counts in standard deviations of its video, since the cosines of one CLIP have
another range than those of the next. Inside minus outside is the contrast of AutoLoc (Shou et
al., arXiv:1807.08333); the confidence of order and of the opposite question are ours.
"""

from dataclasses import dataclass, replace

import numpy as np

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.frame_scores import FrameScores, frame_scores
from zs_dagster.localization.localizer import Localizer, one_by_one
from zs_dagster.localization.pairing import pair_ahead
from zs_dagster.localization.peaks import half_heights, peaks
from zs_dagster.localization.proposals import IndexArray, Proposals
from zs_dagster.localization.ranges import (
    COUNT,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Range,
    check_ranges,
)
from zs_dagster.localization.scoring import mean_around, soft_minimum_inside
from zs_dagster.localization.soft_nms import soft_nms
from zs_dagster.segments import FloatArray, Segments

LEAST_PROBABILITY = 1e-3  # No single answer is more certain than this.


@dataclass(frozen=True)
class ExpertsParameters:
    """How much each expert counts.

    Attributes:
        min_confidence: Least P(yes) of a start or an end, in [0, 1].
        max_ends: Ends tried for each start, >= 1.
        contrast_weight: Of "a start is no end, an end is no start", >= 0.
        order_weight: Of "no other start or end between", >= 0.
        inside_weight: Of the actionness inside, in standard deviations, >= 0.
        outside_weight: Of the actionness around, against the proposal, >= 0.
        outside_share: How far around, over the length of the proposal, in (0, 1].
        sharpness: Of the smooth minimum inside, > 0: how much the worst sample counts.
        soft_nms_sigma: Width of the Gaussian decay of overlapping proposals, unitless, > 0.
        min_score: Proposals whose decayed score is lower are dropped, >= 0.

    Raises:
        InputError: If a value is not a number or outside its range.
    """

    min_confidence: float = 0.03
    max_ends: int = 8
    contrast_weight: float = 1.0
    order_weight: float = 1.0
    inside_weight: float = 1.0
    outside_weight: float = 0.5
    outside_share: float = 0.25
    sharpness: float = 2.0
    soft_nms_sigma: float = 0.5
    min_score: float = 0.001

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)


_RANGES: dict[str, Range] = {
    "min_confidence": FRACTION,
    "max_ends": COUNT,
    "contrast_weight": NOT_NEGATIVE,
    "order_weight": NOT_NEGATIVE,
    "inside_weight": NOT_NEGATIVE,
    "outside_weight": NOT_NEGATIVE,
    "outside_share": SHARE,
    "sharpness": POSITIVE,
    "soft_nms_sigma": POSITIVE,
    "min_score": NOT_NEGATIVE,
}


def localize_by_experts(scores: ClassScores, parameters: ExpertsParameters) -> Proposals:
    """Find the segments of one class in one video.

    Returns:
        Half-open segments in seconds, scored in (0, 1) by the logistic function of the summed
        evidence after soft-NMS, best first; or why there are none. O(T) before soft-NMS.

    Raises:
        InputError: If shapes disagree, or a value is not finite or out of range.
    """
    given = frame_scores(scores.confidence, scores.actionness, scores.time_s, scores.end_s)
    given = replace(given, confidence=given.confidence.clip(0, 1))
    start, end = given.confidence.T
    starts = peaks(start, parameters.min_confidence)
    ends = peaks(end, parameters.min_confidence)
    samples = pair_ahead(starts, ends, parameters.max_ends)
    if not samples.size:
        return Proposals.none("no start is followed by an end")
    evidence = _of_boundaries(start, end, samples, parameters)
    evidence += parameters.order_weight * between(start, end, starts, ends, samples)
    evidence += _of_actionness(given.actionness, samples, parameters)
    placed = place(given, samples, 1 / (1 + np.exp(-evidence)))
    return select(placed, samples, parameters.soft_nms_sigma, parameters.min_score)


def log_yes(probability: FloatArray) -> FloatArray:
    """Logarithm of a probability that is never quite 0 or 1."""
    return np.log(np.clip(probability, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))


def between(
    start: FloatArray,
    end: FloatArray,
    starts: IndexArray,
    ends: IndexArray,
    samples: IndexArray,
) -> FloatArray:
    """Log-probability that none of the other peaks between first and last sample is real.

    Args:
        start: Shape ``(T,)``, P(yes) of the start question.
        end: Shape ``(T,)``, P(yes) of the end question.
        starts: The peaks of ``start``.
        ends: The peaks of ``end``.
        samples: Shape ``(N, 2)``, first and last sample.

    Returns:
        Shape ``(N,)``, <= 0. By prefix sums, O(T + N).
    """
    no = np.zeros(start.size)
    no[starts] += log_yes(1 - start[starts])
    no[ends] += log_yes(1 - end[ends])
    total = np.concatenate([[0.0], np.cumsum(no)])
    none: FloatArray = total[samples[:, 1]] - total[samples[:, 0] + 1]
    return none


def _of_boundaries(
    start: FloatArray, end: FloatArray, samples: IndexArray, parameters: ExpertsParameters
) -> FloatArray:
    first, last = samples.T
    told = log_yes(start[first]) + log_yes(end[last])
    opposite = log_yes(1 - end[first]) + log_yes(1 - start[last])
    return told + parameters.contrast_weight * opposite


def _of_actionness(
    actionness: FloatArray, samples: IndexArray, parameters: ExpertsParameters
) -> FloatArray:
    spread = float(actionness.std())
    curve = (actionness - actionness.mean()) / (spread or 1.0)
    inside = soft_minimum_inside(curve, samples, parameters.sharpness)
    around = mean_around(curve, samples, parameters.outside_share)
    return parameters.inside_weight * inside - parameters.outside_weight * around


def place(scores: FrameScores, samples: IndexArray, score: FloatArray) -> Segments:
    """Put pairs of peaks in time, with the boundaries between the samples.

    An action that begins somewhere between two samples begins, on average, half a sample
    before the first one that shows it. A peak with company begins earlier: the boundary lies
    a quarter of a sample before the middle of the peak and its half height. For a peak without
    company that is the half sample again.

    Args:
        scores: Confidence and times, T samples.
        samples: Shape ``(N, 2)``, peaks of the start and of the end question.
        score: Shape ``(N,)``.
    """
    start, end = scores.confidence.T
    first, last = samples.T
    index = np.arange(len(scores), dtype=np.float64)
    left = np.interp(first - half_heights(start, first, -1) / 2 - 0.25, index, scores.time_s)
    reach = last + half_heights(end, last, 1) / 2 + 0.25
    right = np.interp(
        reach, np.append(index, index.size), np.append(scores.time_s, scores.span_end_s[-1])
    )
    return Segments(left, right, score)


def select(placed: Segments, samples: IndexArray, sigma: float, min_score: float) -> Proposals:
    """Demote overlapping proposals, drop the low ones, and sort the rest."""
    kept, score = soft_nms(placed, sigma=sigma, min_score=min_score)
    if not kept.size:
        return Proposals.none(
            f"all {len(placed)} proposals score below min_score={min_score:g}, the best "
            f"{placed.score.max():.3g}"
        )
    found = placed.take(kept)
    order = np.lexsort((samples[kept, 1], samples[kept, 0], -score))
    ranked = Segments(found.start_s[order], found.end_s[order], score[order])
    return Proposals(ranked, samples[kept][order])


EXPERTS = Localizer(
    "experts",
    {"default": ExpertsParameters()},
    lambda parameters, _: one_by_one(lambda scores: localize_by_experts(scores, parameters)),
)
