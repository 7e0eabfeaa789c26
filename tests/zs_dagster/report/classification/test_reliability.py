"""Points of the diagram sit where confidence and accuracy say."""

import math

import pytest

from zs_dagster.report.classification.reliability import BARS, SIZE, path, reliability_bins


def test_points_grow_right_with_confidence_and_up_with_accuracy() -> None:
    low, high = reliability_bins([(0.25, 0.0, 1), (0.75, 1.0, 4)])
    assert (low.x, low.y) == (SIZE / 4, SIZE)
    assert (high.x, high.y) == (3 * SIZE / 4, 0)
    assert (low.bar, high.bar) == (BARS / 4, BARS)


def test_a_calibrated_bin_lies_on_the_diagonal() -> None:
    (only,) = reliability_bins([(0.3, 0.3, 7)])
    assert only.x + only.y == pytest.approx(SIZE)


def test_bins_without_videos_are_no_points_and_order_is_by_confidence() -> None:
    bins = reliability_bins([(0.9, 0.5, 2), (math.nan, math.nan, 0), (0.1, 0.2, 3), (0, 0, 0)])
    assert [b.confidence for b in bins] == [0.1, 0.9]


def test_the_path_joins_the_points() -> None:
    assert path(reliability_bins([(0.5, 1.0, 1), (1.0, 0.5, 1)])) == "M110.0 0.0 L220.0 110.0"
    assert path([]) == ""
