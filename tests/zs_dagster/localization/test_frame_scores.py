"""What localizers refuse to read, and with which words."""

import math
from typing import Any

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.localization.frame_scores import frame_scores


def arguments(**changed: object) -> dict[str, Any]:
    good = {
        "confidence": np.full((3, 2), 0.5),
        "actionness": np.zeros(3),
        "time_s": np.array([0.0, 1.0, 3.0]),
        "end_s": 4.0,
    }
    return good | changed


def test_a_span_ends_where_the_next_sample_is_shown() -> None:
    scores = frame_scores(**arguments())
    assert scores.span_end_s.tolist() == [1.0, 3.0, 4.0]
    assert len(scores) == 3


def test_lists_float16_and_rounding_above_one_are_accepted() -> None:
    confidence = np.full((3, 2), 1 + 1e-7, dtype=np.float32)
    scores = frame_scores(
        **arguments(confidence=confidence, actionness=np.full(3, 1.001, np.float16))
    )
    assert scores.confidence.dtype == scores.actionness.dtype == np.float64
    assert len(frame_scores([[0.1, 0.2]], [0.3], [0.0], 0.0)) == 1


def test_no_samples_are_accepted() -> None:
    assert len(frame_scores(np.zeros((0, 2)), [], [], 0.0)) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"confidence": np.zeros((4, 2))},
            r"confidence must have shape \(3, 2\).*got \(4, 2\)",
        ),
        (
            {"confidence": np.zeros((3, 3))},
            r"confidence must have shape \(3, 2\).*got \(3, 3\)",
        ),
        ({"confidence": np.zeros(3)}, r"confidence must have shape \(3, 2\).*got \(3,\)"),
        ({"actionness": np.zeros(2)}, r"actionness must have shape \(3,\), got \(2,\)"),
        ({"time_s": np.zeros((3, 1))}, r"time_s must have shape \(T,\), got \(3, 1\)"),
        ({"time_s": [0, 1, 1]}, r"increase strictly, got 1 then 1 at sample 1; sort"),
        ({"time_s": [0, 2, 1]}, r"increase strictly, got 2 then 1 at sample 1; sort"),
        ({"end_s": 2.5}, r"end_s must not lie before the last sample, got 2.5 < 3"),
        ({"end_s": math.nan}, r"end_s must be finite, got nan"),
        ({"actionness": [0, math.nan, 0]}, r"actionness must be finite, got nan; 1 of 3"),
        ({"actionness": [0, math.inf, 0]}, r"actionness must be finite, got inf; 1 of 3"),
        ({"time_s": [0, 1, math.inf]}, r"time_s must be finite, got inf"),
        (
            {"confidence": [[0, 1], [0, 1], [0, math.nan]]},
            r"confidence must be finite, got nan",
        ),
        ({"confidence": np.full((3, 2), -0.1)}, r"lie in \[0, 1\], got -0.1; 6 of 6 values"),
        ({"confidence": np.full((3, 2), 1.1)}, r"confidence must lie in \[0, 1\], got 1.1"),
        ({"actionness": [0, 0, 24.5]}, r"actionness must lie in \[-1, 1\], got 24.5; 1 of 3"),
        (
            {"actionness": ["a", "b", "c"]},
            r"actionness must be numbers of one shape, got could",
        ),
        (
            {"actionness": [[0], [0, 1]]},
            r"actionness must be numbers of one shape, got setting",
        ),
    ],
)
def test_broken_scores_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        frame_scores(**arguments(**changed))
