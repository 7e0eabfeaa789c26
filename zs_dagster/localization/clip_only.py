"""Baseline without questions: runs of samples that resemble the class text."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zs_dagster.errors import InputError
from zs_dagster.localization.frame_scores import FrameScores, frame_scores
from zs_dagster.localization.localizer import Localizer, one_by_one
from zs_dagster.localization.normalise import normalise
from zs_dagster.localization.proposals import Proposals
from zs_dagster.localization.scoring import mean_inside
from zs_dagster.localization.soft_nms import soft_nms
from zs_dagster.localization.thresholding import runs
from zs_dagster.segments import FloatArray, Segments


@dataclass(frozen=True)
class ClipOnlyParameters:
    """How actionness alone becomes segments.

    Attributes:
        thresholds: Each one cuts the curve into runs; in [-1, 1], at least one.
        is_normalised: Stretch the curve of each video to [0, 1] before it is cut.
        soft_nms_sigma: Width of the Gaussian decay of overlapping runs, unitless, > 0.
        min_score: Runs whose decayed score is lower are dropped.
    """

    thresholds: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.7)
    is_normalised: bool = True
    soft_nms_sigma: float = 1.3
    min_score: float = 0.1

    def __post_init__(self) -> None:
        try:
            self._check()
        except TypeError as error:
            raise InputError(
                "CLIP-only parameters must be thresholds: a list of numbers, is_normalised: "
                "true or false, soft_nms_sigma and min_score: numbers; got "
                f"{dataclasses.asdict(self)}"
            ) from error

    def _check(self) -> None:
        if self.is_normalised not in (True, False):
            raise InputError(f"is_normalised must be true or false, got {self.is_normalised!r}")
        if not self.thresholds or not all(-1 <= value <= 1 for value in self.thresholds):
            raise InputError(
                f"thresholds must be one or more numbers in [-1, 1], got {self.thresholds}"
            )
        if not 0 < self.soft_nms_sigma < float("inf"):
            raise InputError(f"soft_nms_sigma must be > 0, got {self.soft_nms_sigma!r}")
        if not np.isfinite(self.min_score):
            raise InputError(f"min_score must be finite, got {self.min_score!r}")


def clip_only(
    actionness: ArrayLike,
    time_s: ArrayLike,
    end_s: float,
    parameters: ClipOnlyParameters = ClipOnlyParameters(),
) -> Proposals:
    """Find runs of samples whose actionness reaches a threshold, for several thresholds.

    Args:
        actionness: Shape ``(T,)``, cosine of frame and class text in [-1, 1].
        time_s: Shape ``(T,)``, presentation times, seconds, increasing.
        end_s: Seconds, end of the last sample's span.
        parameters: Thresholds and suppression.

    Returns:
        Half-open segments, scored by the mean (normalised) actionness inside after soft-NMS,
        best first. A run found at several thresholds is one proposal.

    Raises:
        InputError: If shapes disagree, or a value is not finite or out of range.
    """
    unasked = np.zeros((np.asarray(actionness).size, 2))
    scores = frame_scores(unasked, actionness, time_s, end_s)
    if not len(scores):
        return Proposals.none("there are no samples")
    curve: FloatArray | None = scores.actionness
    if parameters.is_normalised:
        curve = normalise(scores.actionness, 0.0)
    if curve is None:
        return Proposals.none("the actionness is constant: it does not say when")
    return _ranked_runs(curve, scores, parameters)


def _ranked_runs(
    curve: FloatArray, scores: FrameScores, parameters: ClipOnlyParameters
) -> Proposals:
    """Cut the curve at each threshold, score the runs, and demote the nested ones."""
    samples = np.unique(
        np.concatenate([runs(curve >= t) for t in parameters.thresholds]), axis=0
    )
    if not samples.size:
        return Proposals.none("no sample reaches a threshold")
    segments = Segments(
        scores.time_s[samples[:, 0]],
        scores.span_end_s[samples[:, 1]],
        mean_inside(curve, samples),
    )
    kept, score = soft_nms(
        segments, sigma=parameters.soft_nms_sigma, min_score=parameters.min_score
    )
    if not kept.size:
        return Proposals.none(f"all runs score below min_score={parameters.min_score:g}")
    return Proposals.ranked(samples[kept], score, scores.time_s, scores.span_end_s)


CLIP_ONLY = Localizer(
    "CLIP-only",
    {"default": ClipOnlyParameters()},
    lambda parameters, _: one_by_one(
        lambda scores: clip_only(scores.actionness, scores.time_s, scores.end_s, parameters)
    ),
)
