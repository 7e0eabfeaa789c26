"""Ways from F frames to one score per class.

Every score is on the scale of a cosine: ``softmax(scale * score)`` gives probabilities. All
ways agree on a video whose frames are equal. Notation: ``s_fk`` cosine of frame and class.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zs_dagster.classification.checks import (
    check_count,
    check_flag,
    check_not_negative,
    check_positive,
)
from zs_dagster.classification.frame_text import FrameText
from zs_dagster.classification.softmax import (
    entropy,
    log_mean_exp,
    mean_probability_scores,
    softmax,
)
from zs_dagster.classification.unit_vectors import unit
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

DEFAULT_SCALE = 100.0
FLOAT_SLACK = 1e-9


class Aggregator(Protocol):
    """Pools the frames of a video."""

    def scores(self, video: FrameText) -> FloatArray:
        """Return one score per class, shape ``(K,)``."""


@dataclass(frozen=True)
class MeanEmbed:
    """Cosine of class and mean frame.

    With frames normalised before the mean, this is `MeanLogit` divided by the length of the
    mean: the same order of classes, more confidence where frames differ.

    Attributes:
        is_prenormalised: Normalise frames before the mean; false as in ViFi-CLIP
            (arXiv:2212.03640).
    """

    is_prenormalised: bool = True

    def __post_init__(self) -> None:
        check_flag("is_prenormalised", self.is_prenormalised)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``n(mean_f frame_f) . t_k``."""
        frames = video.unit_frames
        if not self.is_prenormalised:
            frames = np.asarray(video.frames, dtype=np.float64)
        return video.unit_classes @ unit(frames.mean(axis=0), "means of frame features")


@dataclass(frozen=True)
class MeanLogit:
    """Mean cosine over frames."""

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``mean_f s_fk``."""
        mean: FloatArray = video.cosine.mean(axis=0)
        return mean


@dataclass(frozen=True)
class MeanProb:
    """Mean probability over frames, as the score that has it as its softmax.

    Attributes:
        scale: Of the softmax; the model's, > 0.
    """

    scale: float = DEFAULT_SCALE

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``ln(mean_f softmax_k(scale * s_fk)) / scale``."""
        return mean_probability_scores(video.cosine, self.scale)


@dataclass(frozen=True)
class Max:
    """The best frame of each class."""

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``max_f s_fk``."""
        best: FloatArray = video.cosine.max(axis=0)
        return best


@dataclass(frozen=True)
class TopK:
    """Mean of the best frames of each class; 1 is `Max`, F or more is `MeanLogit`.

    Attributes:
        k: Frames, >= 1.
    """

    k: int = 4

    def __post_init__(self) -> None:
        check_count("k", self.k)

    def scores(self, video: FrameText) -> FloatArray:
        """Return the mean of the k largest ``s_fk`` of each class."""
        best: FloatArray = np.sort(video.cosine, axis=0)[-self.k :].mean(axis=0)
        return best


@dataclass(frozen=True)
class LogMeanExp:
    """Smooth maximum, between mean and maximum.

    Attributes:
        beta: Sharpness, > 0; to 0 it is the mean, to infinity the maximum.
    """

    beta: float = 10.0

    def __post_init__(self) -> None:
        check_positive("beta", self.beta)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``ln(mean_f exp(beta * s_fk)) / beta``."""
        smooth: FloatArray = log_mean_exp(self.beta * video.cosine) / self.beta
        return smooth


@dataclass(frozen=True)
class TextAttention:
    """Each class looks at the frames that resemble it.

    Text-conditioned pooling as in X-Pool (arXiv:2203.15086), without learned weights.

    Attributes:
        tau: Softness, > 0; to infinity it is the mean, to 0 the maximum.
        is_renormalised: Compare with the direction of the pooled frame, not the frame itself.
    """

    tau: float = 0.05
    is_renormalised: bool = False

    def __post_init__(self) -> None:
        check_positive("tau", self.tau)
        check_flag("is_renormalised", self.is_renormalised)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``sum_f w_fk s_fk`` with ``w_fk = softmax_f(s_fk / tau)``."""
        weight = softmax(video.cosine.T / self.tau)
        pooled = weight @ video.unit_frames
        if self.is_renormalised:
            pooled = unit(pooled, "pooled frame features")
        scores: FloatArray = (pooled * video.unit_classes).sum(axis=1)
        return scores


@dataclass(frozen=True)
class ConceptSpotting:
    """Each class looks at the frames that its single words resemble.

    Video concept spotting of BIKE (arXiv:2301.00182): weights are averaged over the words of a
    class, and the pooled frame is not normalised. Words end at the end of the text; the
    authors' code averages over padding too.

    Attributes:
        tau: Softness, > 0.
    """

    tau: float = 0.01

    def __post_init__(self) -> None:
        check_positive("tau", self.tau)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``(sum_f a_kf frame_f) . t_k``, ``a_kf`` the mean of its words' softmaxes."""
        words, class_of = video.unit_words()
        weight = np.zeros(video.cosine.T.shape)
        np.add.at(weight, class_of, softmax(words @ video.unit_frames.T / self.tau))
        weight /= weight.sum(axis=1, keepdims=True)
        scores: FloatArray = (weight @ video.unit_frames * video.unit_classes).sum(axis=1)
        return scores


@dataclass(frozen=True)
class SelfAttention:
    """Frames near the consensus of the video count more; no class is needed for that.

    Attributes:
        beta: Sharpness, >= 0; 0 is `MeanLogit`.
    """

    beta: float = 10.0

    def __post_init__(self) -> None:
        check_not_negative("beta", self.beta)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``sum_f w_f s_fk``, ``w_f = softmax_f(beta * mean_g frame_f . frame_g)``."""
        consensus = video.unit_frames @ video.unit_frames.mean(axis=0)
        scores: FloatArray = softmax(self.beta * consensus) @ video.cosine
        return scores


@dataclass(frozen=True)
class Agree:
    """Drop the frames that are least sure of any class, then `MeanEmbed`.

    The selection of test-time prompt tuning (TPT, arXiv:2209.07511), of frames.

    Attributes:
        keep: Share of the frames to keep, those of least entropy, in (0, 1]; rounded down,
            at least one. Of equal ones the earlier stay.
        scale: Of the softmax whose entropy counts, > 0.
    """

    keep: float = 0.8
    scale: float = DEFAULT_SCALE

    def __post_init__(self) -> None:
        check_positive("keep", self.keep)
        if self.keep > 1:
            raise InputError(f"keep must be a share in (0, 1], got {self.keep!r}")
        check_positive("scale", self.scale)

    def scores(self, video: FrameText) -> FloatArray:
        """Return ``n(mean_f frame_f) . t_k`` over the frames kept."""
        count = max(1, int(self.keep * len(video.frames) + FLOAT_SLACK))
        sure = np.argsort(entropy(self.scale * video.cosine), kind="stable")[:count]
        mean = video.unit_frames[np.sort(sure)].mean(axis=0)
        return video.unit_classes @ unit(mean, "means of frame features")
