"""What training reads, and what does not fit together."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import CaptionedSegments


def segments(**changes: object) -> CaptionedSegments:
    """Two segments of two videos, three sentences; the second segment has two of them."""
    values: dict[str, Any] = {
        "frames": np.ones((5, 4), dtype=np.float16),
        "first": np.array([0, 2, 5]),
        "video": ["a", "b"],
        "sentences": ["x", "y", "z"],
        "sentence_features": np.ones((3, 4), dtype=np.float32),
        "caption": np.array([0, 1]),
        "positives": np.array([[0, 0], [1, 1], [1, 2]]),
    }
    return CaptionedSegments(**values | changes)


def test_length_is_the_number_of_segments() -> None:
    assert len(segments()) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": np.ones(5)}, r"frames of shape \(F, D\), got 2 segments and frames \(5,\)"),
        ({"video": []}, "needs captioned segments.*got 0 segments"),
        ({"first": np.array([0, 5])}, "first must rise from 0 to 5 in 2 steps"),
        ({"first": np.array([0, 0, 5])}, "at least one frame"),
        ({"first": np.array([0, 2, 4])}, "first must rise from 0 to 5 in 2 steps"),
        ({"frames": np.eye(5, 4)}, "frame features must be finite and not zero; 1 of 5"),
        ({"sentences": ["x"]}, r"sentence features must have shape \(1, S\)"),
        ({"sentences": ["x", "y", "x"]}, "sentences must differ"),
        ({"sentence_features": np.full((3, 4), np.nan)}, "sentence features .* 3 of 3 rows"),
        ({"caption": np.array([0, 3])}, "caption must have 2 places in 0 … 2"),
        ({"positives": np.array([[0, 0], [2, 1]])}, "positives must be pairs of 0 … 1"),
        ({"positives": np.array([0, 1])}, "positives must be pairs"),
        ({"positives": np.array([[0, 0], [0, 0], [1, 1]])}, "name each pair once"),
        ({"positives": np.array([[0, 0], [1, 2]])}, "1 of 2 lack it, such as segment 1"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        segments(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"video": ["a", "c"]},
        {"sentences": ["x", "y", "w"]},
        {"frames": np.ones((5, 4), dtype=np.float32)},
        {"sentence_features": np.full((3, 4), 2, dtype=np.float32)},
        {"first": np.array([0, 1, 5])},
        {"positives": np.array([[0, 0], [1, 1], [0, 2]])},
    ],
)
def test_any_change_has_another_fingerprint(changes: dict[str, Any]) -> None:
    assert segments().fingerprint() == segments().fingerprint()
    assert replace(segments(), **changes).fingerprint() != segments().fingerprint()
