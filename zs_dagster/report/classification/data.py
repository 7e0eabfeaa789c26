"""What a classification report is made of: plain values, filled by whoever has results.

Accuracies, intervals, confidences and calibration errors are fractions in [0, 1]; NaN is a
number that nobody could compute, shown as a dash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError

ROUNDING = 1e-6


@dataclass(frozen=True)
class Accuracy:
    """A share of videos with its 95 % interval, if there is one.

    Raises:
        InputError: If a number is outside [0, 1], or only one end of the interval is given.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for number in (self.value, self.low, self.high):
            if number is not None and abs(number - 0.5) > 0.5 + ROUNDING:
                raise InputError(f"an accuracy must be a fraction in [0, 1], got {number}")
        if (self.low is None) != (self.high is None):
            raise InputError(f"an interval must have both ends or none, got {self}")

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True, eq=False)
class MethodResult:
    """How one method did on the videos with a true class; K classes.

    Attributes:
        name: Short and unique, the key used in ``Clip.guesses``.
        description: One sentence for readers who do not know the name.
        parameters: What the method was set to, as JSON text.
        top1: Share of videos whose best guess is the truth.
        top5: Share of videos with the truth among the five best guesses.
        mean_class: Mean over classes of the accuracy within each.
        per_class: ``(label, number of videos, accuracy)`` in any order.
        confusion: ``(K, K + 1)`` counts, rows true and columns predicted in the order of
            the report's classes, the last column without a prediction.
        reliability: ``(mean confidence, accuracy, number of videos)`` of each bin.
        ece: Expected calibration error.
    """

    name: str
    description: str
    parameters: str
    top1: Accuracy
    top5: Accuracy | None
    mean_class: Accuracy
    per_class: Sequence[tuple[str, int, float]]
    confusion: NDArray[np.int64]
    reliability: Sequence[tuple[float, float, int]] = ()
    ece: float | None = None


@dataclass(frozen=True)
class Difference:
    """A paired comparison of top-1 accuracy: ``second`` minus ``first`` on the same videos.

    Attributes:
        first: Name of the method compared with.
        second: Name of the method that is compared.
        value: Difference, in [-1, 1].
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: Of McNemar's test.

    Raises:
        InputError: If a difference is outside [-1, 1] or ``p`` outside [0, 1].
    """

    first: str
    second: str
    value: float
    low: float
    high: float
    p: float

    def __post_init__(self) -> None:
        for number in (self.value, self.low, self.high):
            if abs(number) > 1 + ROUNDING:
                raise InputError(f"a difference must be a fraction in [-1, 1], got {number}")
        if abs(self.p - 0.5) > 0.5 + ROUNDING:
            raise InputError(f"p must be in [0, 1], got {self.p}")


@dataclass(frozen=True)
class Clip:
    """One video: what the models saw of it and what each method guessed.

    Attributes:
        video_id: Shown as it is.
        truth: The true class, None if nobody knows.
        strip_png: The frames side by side, as from `frame_strip.strip_png`; None for none.
        sampler: Name of the rule that chose the frames.
        times_s: Time of every frame chosen, seconds from the first displayed frame.
        guesses: Method to ``(label, probability)``, best first; empty is no prediction.
    """

    video_id: str
    truth: str | None
    strip_png: bytes | None
    sampler: str
    times_s: Sequence[float]
    guesses: Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """One dataset: the numbers of its methods, and its videos.

    Attributes:
        dataset: Name of the dataset.
        title: Heading of the page.
        classes: The K labels, in the order of every confusion matrix.
        methods: In the order shown; empty without ground truth.
        differences: In the order shown.
        clips: In the order shown.
        left_out: ``(file, reason)`` of what could not be classified.
        provenance: Facts in the order shown: models, sampler, counts, commit, time.
        notes: Sentences shown below the numbers.

    Raises:
        InputError: If a confusion matrix is not ``(K, K + 1)`` or has a negative count.
    """

    dataset: str
    title: str
    classes: Sequence[str]
    methods: Sequence[MethodResult]
    differences: Sequence[Difference]
    clips: Sequence[Clip]
    left_out: Sequence[tuple[str, str]]
    provenance: Mapping[str, str]
    notes: Sequence[str]

    def __post_init__(self) -> None:
        expected = (len(self.classes), len(self.classes) + 1)
        for method in self.methods:
            if method.confusion.shape != expected:
                raise InputError(
                    f"the confusion matrix of '{method.name}' must have shape {expected} for "
                    f"{len(self.classes)} classes, got {method.confusion.shape}"
                )
            if (method.confusion < 0).any():
                raise InputError(
                    f"the confusion matrix of '{method.name}' must hold counts, "
                    f"got {method.confusion.min()}"
                )
