"""T3AL without adaptation, and FreeZAD: one class per video, its similarity cut into runs.

Both compare each frame with the text of the class that the mean frame resembles most, cut that
curve at its mean (THUMOS14) or at a fixed logit (ActivityNet), and join near runs. T3AL0 scores
a run by the mean of the curve, which is our reading of it; FreeZAD by `log_oic` times
`energy_actionness`. Runs are disjoint, so there is no suppression.

Published settings count frames of 30 per second. Here they are seconds, so that they mean the
same at any sampling rate; at 1 frame per second nothing is smoothed and no gap is bridged by
the THUMOS14 values of two thirds of a second. The features are CLIP's after projection.

References:
    T3AL, arXiv:2404.05426 (T3AL0 is its row without adaptation); FreeZAD, arXiv:2501.13795.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zs_dagster.localization.adaptation import FRAME_RATE, Adaptation, Schedule
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.frame_scores import FrameScores, frame_scores
from zs_dagster.localization.localizer import Localize, Localizer
from zs_dagster.localization.log_oic import energy_actionness, log_oic
from zs_dagster.localization.proposals import IndexArray, Proposals
from zs_dagster.localization.ranges import (
    COUNT_OR_NONE,
    FINITE,
    NOT_NEGATIVE,
    POSITIVE,
    Range,
    check_ranges,
)
from zs_dagster.localization.scoring import mean_inside
from zs_dagster.localization.similarity_curve import (
    CurveShape,
    foreground,
    pseudo_label,
    shaped,
    similarity,
)
from zs_dagster.localization.thresholding import joined, longer_than, runs
from zs_dagster.segments import FloatArray


@dataclass(frozen=True)
class ThresholdParameters:
    """How the curve of a class is made and cut; the usual values are those for THUMOS14.

    Attributes:
        remove_background: Take the mean frame of the video from every frame.
        smoothing_s: Width of the moving average, seconds, >= 0.
        is_normalised: Stretch the smoothed curve of each video to [0, 1].
        threshold: Samples above it are active, in units of the curve; None is its mean.
        max_gap_s: Runs no further apart are joined, seconds, >= 0.
        min_length_s: Runs that last no longer are dropped, seconds, >= 0.
        is_single_label: Answer only the class that the mean frame resembles most, of those
            that the method may answer; otherwise each of them.

    Raises:
        InputError: If a value is not a number or outside its range.
    """

    remove_background: bool = True
    smoothing_s: float = 20 / FRAME_RATE
    is_normalised: bool = True
    threshold: float | None = None
    max_gap_s: float = 20 / FRAME_RATE
    min_length_s: float = 1 / FRAME_RATE
    is_single_label: bool = True

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)

    @property
    def shape(self) -> CurveShape:
        """How the curve is made."""
        return CurveShape(self.remove_background, self.smoothing_s, self.is_normalised)


@dataclass(frozen=True)
class FreezadParameters(ThresholdParameters):
    """The same, and how heads adapt to each video before its curve is made.

    Attributes:
        adaptation_steps: Of Adam per video; 0 is FreeZAD, more is AdaZAD (published: 60 on
            THUMOS14, 15 on ActivityNet).
        learning_rate: Of the head of the text, > 0.
        weight_decay: Of Adam, >= 0.
        is_episodic: Begin each video anew. False is what published code does: a video
            depends on all before it, and their order is kept with the results.
    """

    adaptation_steps: int = 0
    learning_rate: float = 1e-5
    weight_decay: float = 1e-4
    is_episodic: bool = True


_RANGES: dict[str, Range] = {
    "smoothing_s": NOT_NEGATIVE,
    "threshold": FINITE,
    "max_gap_s": NOT_NEGATIVE,
    "min_length_s": NOT_NEGATIVE,
    "adaptation_steps": COUNT_OR_NONE,
    "learning_rate": POSITIVE,
    "weight_decay": NOT_NEGATIVE,
}


@dataclass(frozen=True, eq=False)
class Cut:
    """One class of one video, its curve cut.

    Attributes:
        frames: Shape ``(T, D)``, what was compared with the text.
        raw: Shape ``(T,)``, logits.
        curve: Shape ``(T,)``, smoothed and stretched.
        samples: Shape ``(N, 2)``, runs.
    """

    frames: FloatArray
    raw: FloatArray
    curve: FloatArray
    samples: IndexArray


def start_t3al0(parameters: ThresholdParameters, _: int) -> Localize:
    """Return T3AL without adaptation."""
    return _start(parameters, None, lambda cut: mean_inside(cut.curve, cut.samples))


def start_freezad(parameters: FreezadParameters, seed: int) -> Localize:
    """Return FreeZAD, with adaptation where steps are asked for."""
    schedule = Schedule(
        parameters.adaptation_steps,
        parameters.learning_rate,
        parameters.weight_decay,
        parameters.smoothing_s,
    )
    adaptation = Adaptation(schedule, seed, episodic=parameters.is_episodic)
    return _start(
        parameters,
        adaptation if parameters.adaptation_steps else None,
        lambda cut: log_oic(cut.raw, cut.samples) * energy_actionness(cut.frames, cut.samples),
    )


def _start(
    parameters: ThresholdParameters,
    adaptation: Adaptation | None,
    score: Callable[[Cut], FloatArray],
) -> Localize:
    def localize(classes: Sequence[ClassScores]) -> list[Proposals]:
        if not classes or not len(classes[0].time_s):
            return [Proposals.none("there are no samples") for _ in classes]
        texts = np.stack([scores.text for scores in classes])
        best = pseudo_label(classes[0].features, texts)
        reason = f"the video resembles '{classes[best].label}' more"
        return [
            Proposals.none(reason)
            if parameters.is_single_label and place != best
            else _localize(scores, parameters, adaptation, score)
            for place, scores in enumerate(classes)
        ]

    return localize


def _localize(
    scores: ClassScores,
    parameters: ThresholdParameters,
    adaptation: Adaptation | None,
    score: Callable[[Cut], FloatArray],
) -> Proposals:
    given = frame_scores(scores.confidence, scores.actionness, scores.time_s, scores.end_s)
    frames: FloatArray = foreground(scores.features, parameters.shape)
    text: Any = scores.text
    if adaptation is not None:
        frames, text = adaptation.adapted(frames, text, given.time_s, _name(scores))
    raw = similarity(frames, text)
    curve = shaped(raw, given.time_s, parameters.shape)
    if curve is None:
        return Proposals.none("the similarity is constant: it does not say when")
    cut = Cut(frames, raw, curve, _runs(curve, given, parameters))
    if not cut.samples.size:
        return Proposals.none("no run of samples is above the threshold and long enough")
    return Proposals.ranked(cut.samples, score(cut), given.time_s, given.span_end_s)


def _runs(
    curve: FloatArray, scores: FrameScores, parameters: ThresholdParameters
) -> IndexArray:
    threshold = curve.mean() if parameters.threshold is None else parameters.threshold
    near = joined(runs(curve > threshold), scores, parameters.max_gap_s)
    return longer_than(near, scores, parameters.min_length_s)


def _name(scores: ClassScores) -> bytes:
    text = f"{len(scores.video_id)}:{scores.video_id}{scores.label}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


_ACTIVITYNET: dict[str, Any] = {
    "remove_background": False,
    "smoothing_s": 0.0,
    "is_normalised": False,
    "threshold": 0.7,
}

T3AL0 = Localizer(
    "T3AL0",
    {
        "default": ThresholdParameters(),
        "activitynet": ThresholdParameters(**_ACTIVITYNET, max_gap_s=150 / FRAME_RATE),
    },
    start_t3al0,
)
FREEZAD = Localizer(
    "FreeZAD",
    {
        "default": FreezadParameters(),
        "activitynet": FreezadParameters(**_ACTIVITYNET, max_gap_s=200 / FRAME_RATE),
    },
    start_freezad,
    remembers=lambda parameters: parameters.adaptation_steps > 0 and not parameters.is_episodic,
)
