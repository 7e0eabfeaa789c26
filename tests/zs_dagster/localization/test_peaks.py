"""Peaks and their half heights, by hand."""

import numpy as np
import pytest

from zs_dagster.localization.peaks import half_heights, peaks


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ([], []),
        ([0.5], [0]),
        ([0.1, 0.5, 0.2], [1]),
        ([0.5, 0.1, 0.5], [0, 2]),
        ([0.1, 0.5, 0.5, 0.2], [2]),  # of a plateau, the last
        ([0.5, 0.5, 0.5], [2]),
        ([0.01, 0.02, 0.01], []),  # below the floor
    ],
)
def test_peaks_by_hand(column: list[float], found: list[int]) -> None:
    assert peaks(np.array(column, dtype=np.float64), 0.03).tolist() == found


def test_half_heights_by_hand() -> None:
    # From the peak 0.8 at 3: 0.5 at 2 is above 0.4, 0.1 at 1 is not; a quarter of the way on.
    column = np.array([0.0, 0.1, 0.5, 0.8, 0.4, 0.0])
    assert half_heights(column, np.array([3]), -1).tolist() == pytest.approx([1.25])
    # 0.4 at 4 is exactly half.
    assert half_heights(column, np.array([3]), 1).tolist() == pytest.approx([1.0])


def test_a_lonely_peak_is_half_a_sample_wide() -> None:
    column = np.array([0.0, 1.0, 0.0])
    assert half_heights(column, np.array([1]), -1).tolist() == [0.5]
    assert half_heights(column, np.array([1]), 1).tolist() == [0.5]


def test_beyond_the_ends_of_the_video_half_a_sample_is_left() -> None:
    column = np.array([1.0, 0.9])
    assert half_heights(column, np.array([0]), -1).tolist() == [0.5]
    assert half_heights(column, np.array([0]), 1).tolist() == [1.5]
