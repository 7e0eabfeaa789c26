"""Settings against each other."""

import numpy as np
import pytest

from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import Resampling
from zs_dagster.evaluation.grid import Point
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.evaluation.sweep import sweep, with_intervals
from zs_dagster.segments import LabelledSegments

THUMOS = get_protocol("thumos14")
VIDEOS = [f"v{i}" for i in range(12)]
TRUTH = LabelledSegments.from_rows([(video, "a", 0.0, 10.0, 1.0) for video in VIDEOS])


def shifted(point: Point) -> LabelledSegments:
    """Segments whose overlap falls with `late`, 4 s where it is not set, in most videos."""
    late = point.get("late", 4)
    assert isinstance(late, int)
    rows = [
        (video, "a", float(late + i % 2), 10.0, 1.0 - i / 100) for i, video in enumerate(VIDEOS)
    ]
    return LabelledSegments.from_rows(rows)


def test_the_best_setting_comes_first_and_equal_ones_keep_their_order() -> None:
    settings: list[Point] = [{"late": 7}, {"late": 0}, {"late": 5}, {"late": 0, "again": 1}]
    found = sweep(settings, shifted, TRUTH, THUMOS)
    assert [result.point for result in found] == [
        {"late": 0},
        {"late": 0, "again": 1},
        {"late": 5},
        {"late": 7},
    ]


def test_each_number_is_that_of_evaluate() -> None:
    (found,) = sweep([{"late": 3}], shifted, TRUTH, THUMOS)
    metrics = evaluate(TRUTH, shifted({"late": 3}), THUMOS)
    assert found.average_map == metrics.average_map
    assert found.map_at == tuple(metrics.mean_ap)
    assert (found.interval, found.difference) == (None, None)


def test_the_difference_is_to_the_present_setting_on_the_same_resamples() -> None:
    results = sweep([{"late": 1}, {"late": 4}], shifted, TRUTH, THUMOS)
    better, same = with_intervals(results, shifted, TRUTH, THUMOS, Resampling(200))
    assert better.interval is not None
    assert better.difference is not None
    assert same.difference is not None
    assert better.interval.value == pytest.approx(better.average_map)
    present = evaluate(TRUTH, shifted({}), THUMOS).average_map
    assert better.difference.value == pytest.approx(better.average_map - present)
    assert 0 < better.difference.low <= better.difference.value <= better.difference.high
    # The present setting against itself: paired, so exactly nothing.
    assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
    assert np.isclose(same.average_map, present)
