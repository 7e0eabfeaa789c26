"""Proposals: consistency and order."""

import numpy as np
import pytest

from zs_dagster.errors import InvalidSegmentsError
from zs_dagster.localization.proposals import Proposals
from zs_dagster.segments import Segments


def test_ranked_sorts_by_score_then_start_then_end() -> None:
    times = np.arange(5.0)
    samples = np.array([[2, 3], [0, 4], [0, 1], [1, 2]])
    found = Proposals.ranked(samples, np.array([0.5, 0.5, 0.5, 0.9]), times, times + 1)
    assert found.samples.tolist() == [[1, 2], [0, 1], [0, 4], [2, 3]]
    assert found.segments.end_s.tolist() == [3, 2, 5, 4]


def test_none_carries_its_reason() -> None:
    nothing = Proposals.none("because")
    assert (len(nothing), nothing.samples.shape, nothing.reason) == (0, (0, 2), "because")


def test_samples_and_segments_must_agree() -> None:
    with pytest.raises(
        InvalidSegmentsError, match=r"samples must have shape \(1, 2\), got \(2, 2"
    ):
        Proposals(Segments.from_rows([(0, 1, 1)]), np.zeros((2, 2), dtype=np.intp))
