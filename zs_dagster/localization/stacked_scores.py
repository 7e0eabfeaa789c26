"""Scores of many classes with equally many samples, checked and stacked at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.frame_scores import (
    CONFIDENCE_SLACK,
    COSINE_SLACK,
    FrameScores,
    frame_scores,
)
from zs_dagster.segments import FloatArray


@dataclass(frozen=True, eq=False)
class StackedScores:
    """`FrameScores` of C classes, T samples each; classes may lie in different videos.

    Attributes:
        confidence: Shape ``(C, T, 2)``.
        actionness: Shape ``(C, T)``.
        time_s: Shape ``(C, T)``.
        span_end_s: Shape ``(C, T)``.
    """

    confidence: FloatArray
    actionness: FloatArray
    time_s: FloatArray
    span_end_s: FloatArray

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def num_samples(self) -> int:
        """T."""
        return int(self.time_s.shape[1])

    def __getitem__(self, row: int) -> FrameScores:
        """Return the scores of one class."""
        return FrameScores(
            self.confidence[row],
            self.actionness[row],
            self.time_s[row],
            self.span_end_s[row],
        )

    @classmethod
    def of(cls, each: Sequence[FrameScores]) -> "StackedScores":
        """Stack checked scores of equally many samples."""
        return cls(
            np.stack([scores.confidence for scores in each]),
            np.stack([scores.actionness for scores in each]),
            np.stack([scores.time_s for scores in each]),
            np.stack([scores.span_end_s for scores in each]),
        )


def by_length(classes: Sequence[ClassScores]) -> Iterator[tuple[list[int], StackedScores]]:
    """Stack the classes that have equally many samples; give their places and their scores.

    Raises:
        InputError: As `frame_scores`, for the first class that breaks a rule.
    """
    places: dict[int, list[int]] = {}
    for place, scores in enumerate(classes):
        places.setdefault(len(scores.time_s), []).append(place)
    for alike in places.values():
        yield alike, _stacked([classes[place] for place in alike])


def _stacked(classes: Sequence[ClassScores]) -> StackedScores:
    """Check all at once; look at each by itself only to say what is wrong with it."""
    shapes = {(np.shape(s.confidence), np.shape(s.actionness)) for s in classes}
    count = len(classes[0].time_s)
    if shapes == {((count, 2), (count,))}:
        end_s = np.array([[s.end_s] for s in classes], dtype=np.float64)
        time_s = np.array([s.time_s for s in classes], dtype=np.float64)
        # Each sample lasts until the next one is shown.
        border = np.concatenate([time_s, end_s], axis=1)
        stacked = StackedScores(
            np.array([s.confidence for s in classes], dtype=np.float64),
            np.array([s.actionness for s in classes], dtype=np.float64),
            time_s,
            border[:, 1:],
        )
        if _is_valid(stacked, border):
            return stacked
    return StackedScores.of(
        [frame_scores(s.confidence, s.actionness, s.time_s, s.end_s) for s in classes]
    )


def _is_valid(scores: StackedScores, border: FloatArray) -> bool:
    """Whether times rise to the end, which may be the last time, and all is in range."""
    return bool(
        np.isfinite(border).all()
        and (np.diff(border[:, :-1]) > 0).all()
        and (np.diff(border[:, -2:]) >= 0).all()
        and _lies_in(scores.confidence, 0, CONFIDENCE_SLACK)
        and _lies_in(scores.actionness, -1, COSINE_SLACK)
    )


def _lies_in(values: FloatArray, low: float, slack: float) -> bool:
    """Whether every value lies between ``low`` and 1, but for the slack; NaN does not."""
    inside = (values >= low - slack) & (values <= 1 + slack)
    return bool(inside.all())
