"""Start, middle and end: a proposal has to show its stages in order.

Each stage has a question. A proposal is a start peak, an end peak, and what the samples between
say of the middle; it scores the geometric mean of the three probabilities, that is, the stages
are experts of equal say. Where nobody wrote or asked a middle question, a sample counts as
middle as far as it is neither start nor end.

After the stage-wise confidence of CASCADE (AAAI 2026), which decomposes an action into stages
and reconstructs it from them; its code is not public, so pairing and score are ours.
"""

from dataclasses import dataclass, replace

import numpy as np

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.experts import between, log_yes, place, select
from zs_dagster.localization.frame_scores import FrameScores, check_range, frame_scores
from zs_dagster.localization.localizer import Localizer, one_by_one
from zs_dagster.localization.pairing import pair_ahead
from zs_dagster.localization.peaks import peaks
from zs_dagster.localization.proposals import IndexArray, Proposals
from zs_dagster.localization.ranges import (
    COUNT,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Range,
    check_ranges,
)
from zs_dagster.localization.scoring import mean_inside
from zs_dagster.segments import FloatArray

NUM_STAGES = 3


@dataclass(frozen=True)
class StagesParameters:
    """How stages become segments.

    Attributes:
        reads_middle: Read the middle question of classes that have one.
        min_confidence: Least P(yes) of a start or an end, in [0, 1].
        max_ends: Ends tried for each start, >= 1.
        soft_nms_sigma: Width of the Gaussian decay of overlapping proposals, unitless, > 0.
        min_score: Proposals whose decayed score is lower are dropped, >= 0.

    Raises:
        InputError: If a value is not a number or outside its range.
    """

    reads_middle: bool = True
    min_confidence: float = 0.03
    max_ends: int = 8
    soft_nms_sigma: float = 0.5
    min_score: float = 0.001

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)


_RANGES: dict[str, Range] = {
    "min_confidence": FRACTION,
    "max_ends": COUNT,
    "soft_nms_sigma": POSITIVE,
    "min_score": NOT_NEGATIVE,
}


def localize_by_stages(scores: ClassScores, parameters: StagesParameters) -> Proposals:
    """Find the segments of one class in one video.

    Returns:
        Half-open segments in seconds, scored in (0, 1), best first; or why there are none.

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
    told = log_yes(start[samples[:, 0]]) + log_yes(end[samples[:, 1]])
    middle = scores.middle if parameters.reads_middle else None
    told += between(start, end, starts, ends, samples)
    told += mean_between(log_yes(_middle(given, middle)), samples)
    placed = place(given, samples, np.exp(told / NUM_STAGES))
    return select(placed, samples, parameters.soft_nms_sigma, parameters.min_score)


def _middle(scores: FrameScores, asked: FloatArray | None) -> FloatArray:
    """P(middle) of each sample, ``(T,)``."""
    if asked is None:
        neither: FloatArray = np.prod(1 - scores.confidence, axis=1)
        return neither
    check_range("middle", asked, 0.0, 1.0, 1e-6)
    return asked


def mean_between(values: FloatArray, samples: IndexArray) -> FloatArray:
    """Mean over the samples between first and last; over these two where there are none.

    Args:
        values: Shape ``(T,)``.
        samples: Shape ``(N, 2)``, first < last.
    """
    inner = samples + np.array([1, -1])
    is_empty = inner[:, :1] > inner[:, 1:]
    return mean_inside(values, np.where(is_empty, samples, inner))


STAGES = Localizer(
    "stages",
    {"default": StagesParameters()},
    lambda parameters, _: one_by_one(lambda scores: localize_by_stages(scores, parameters)),
    reads_middle=lambda parameters: parameters.reads_middle,
)
