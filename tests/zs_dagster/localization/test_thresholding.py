"""Runs joined and dropped, in seconds."""

import numpy as np

from zs_dagster.localization.frame_scores import FrameScores, frame_scores
from zs_dagster.localization.thresholding import joined, longer_than

SAMPLES = np.array([[0, 1], [3, 3], [6, 9]])


def half_seconds(count: int = 10) -> FrameScores:
    return frame_scores(np.zeros((count, 2)), np.zeros(count), np.arange(count) / 2, count / 2)


def test_gaps_are_between_the_end_of_a_span_and_the_next_sample() -> None:
    # Gaps of one and of two samples: 0.5 and 1 s.
    assert joined(SAMPLES, half_seconds(), 0.4).tolist() == SAMPLES.tolist()
    assert joined(SAMPLES, half_seconds(), 0.5).tolist() == [[0, 3], [6, 9]]
    assert joined(SAMPLES, half_seconds(), 1.0).tolist() == [[0, 9]]
    assert joined(SAMPLES[:0], half_seconds(), 1.0).tolist() == []


def test_a_run_has_to_last_longer() -> None:
    assert longer_than(SAMPLES, half_seconds(), 0.4).tolist() == SAMPLES.tolist()
    assert longer_than(SAMPLES, half_seconds(), 0.5).tolist() == [[0, 1], [6, 9]]
