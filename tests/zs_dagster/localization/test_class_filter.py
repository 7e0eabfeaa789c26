"""Class filter: by hand, then what must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.localization.class_filter import (
    Ranks,
    class_ranks,
    uniform_index,
    video_similarity,
)


def test_each_frame_counts_equally_whatever_its_norm() -> None:
    # Unit vectors (1, 0) and (0, 1) average to (.5, .5), at 45 degrees from both classes.
    features = np.array([[100.0, 0.0], [0.0, 0.1]])
    similarity = video_similarity(features, np.eye(2))
    np.testing.assert_allclose(similarity, [np.sqrt(0.5), np.sqrt(0.5)])


@pytest.mark.parametrize(
    ("length", "n", "expected"),
    [
        (16, 4, [2, 6, 10, 14]),
        (10, 3, [1, 5, 8]),
        (3, 8, [0, 1, 2]),
        (1, 1, [0]),
    ],
)
def test_frames_are_the_middles_of_equal_parts(
    length: int, n: int, expected: list[int]
) -> None:
    assert uniform_index(length, n).tolist() == expected


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 50))
def test_frames_are_distinct_ordered_and_inside(length: int, n: int) -> None:
    index = uniform_index(length, n)
    assert len(index) == min(length, n)
    assert (np.diff(index) > 0).all()
    assert index[0] >= 0
    assert index[-1] < length


def test_only_the_chosen_frames_count() -> None:
    features = np.zeros((16, 2))
    features[:, 0] = 1.0
    features[[2, 6, 10, 14]] = [0.0, 1.0]
    np.testing.assert_allclose(video_similarity(features, np.eye(2), 4), [0.0, 1.0])


def test_ranks_start_at_one_and_ties_keep_the_order_of_the_classes() -> None:
    assert class_ranks(np.array([0.2, 0.9, 0.2, 0.5])).tolist() == [3, 1, 4, 2]


def test_ranks_of_many_videos_are_read_by_video_and_class() -> None:
    found = np.array([class_ranks(np.array(row)) for row in ([0.2, 0.9], [0.5, 0.1])])
    ranks = Ranks({"v": 0, "w": 1}, ["jump", "fall"], found)
    assert dict(ranks) == {"v": {"jump": 2, "fall": 1}, "w": {"jump": 1, "fall": 2}}
    assert len(ranks) == 2
    with pytest.raises(KeyError):
        ranks["x"]


def test_a_video_without_frames_is_refused() -> None:
    with pytest.raises(InputError, match="class filter needs at least 1 frame, got 0"):
        video_similarity(np.empty((0, 2)), np.eye(2))
