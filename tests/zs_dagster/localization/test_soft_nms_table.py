"""Soft-NMS with a table of all overlaps and row by row: the same to the last bit."""

import numpy as np
import pytest

from zs_dagster.localization import soft_nms as module
from zs_dagster.localization.soft_nms import soft_nms
from zs_dagster.segments import Segments


@pytest.mark.parametrize("count", [0, 1, 2, 37, 200])
def test_memory_makes_no_difference(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(count)
    start = rng.uniform(0, 50, count)
    given = Segments(start, start + rng.uniform(0, 9, count), rng.random(count).round(2))
    with_table = soft_nms(given, sigma=0.7, min_score=0.1)
    monkeypatch.setattr(module, "MAX_TABLE", -1)
    row_by_row = soft_nms(given, sigma=0.7, min_score=0.1)
    for one, other in zip(with_table, row_by_row, strict=True):
        np.testing.assert_array_equal(one, other)
