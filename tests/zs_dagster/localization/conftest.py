"""Scores of classes, made up."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from zs_dagster.localization.class_scores import ClassScores

MakeScores = Callable[..., ClassScores]


@pytest.fixture
def make_scores() -> MakeScores:
    """Return a function that makes the scores of one class, one sample a second."""

    def make(
        start: Sequence[float],
        end: Sequence[float],
        actionness: Sequence[float] | None = None,
        middle: Sequence[float] | None = None,
    ) -> ClassScores:
        count = len(start)
        return ClassScores(
            video_id="v",
            label="jump",
            is_candidate=True,
            is_known=True,
            time_s=np.arange(count, dtype=np.float64),
            confidence=np.column_stack([start, end]).astype(np.float64).reshape(count, 2),
            actionness=np.array([0.0] * count if actionness is None else actionness),
            end_s=float(count),
            features=np.ones((count, 2)),
            text=np.ones(2),
            middle=None if middle is None else np.array(middle),
        )

    return make
