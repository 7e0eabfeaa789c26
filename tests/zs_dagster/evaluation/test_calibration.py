"""Reliability and expected calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.calibration import reliability


def test_by_hand() -> None:
    confidence = np.array([0.9, 0.2, 0.8, 0.4])
    found = reliability(confidence, np.array([True, False, False, True]), n_bins=2)
    np.testing.assert_allclose(found.confidence, [0.3, 0.85])
    np.testing.assert_allclose(found.accuracy, [0.5, 0.5])
    assert found.count.tolist() == [2, 2]
    assert found.expected_error == pytest.approx((0.2 + 0.35) / 2)
    # Of three videos, two are in the first bin.
    uneven = reliability(confidence[:3], np.array([True, False, False]), n_bins=2)
    assert uneven.expected_error == pytest.approx((2 * 0.5 + 0.1) / 3)


def test_bins_hold_equally_many_videos() -> None:
    found = reliability(np.random.default_rng(0).random(100) ** 5, np.ones(100) > 0)
    assert found.count.tolist() == [7] * 10 + [6] * 5
    assert (np.diff(found.confidence) > 0).all()


def test_honest_confidence_has_little_error_and_a_bold_one_as_much_as_it_is_bold() -> None:
    draw = np.random.default_rng(0)
    chance = draw.uniform(0.5, 0.8, 20_000)
    right = draw.random(20_000) < chance
    # A bin of 1333 videos has a standard error of 0.013, its mean absolute value is 0.8 of it.
    assert reliability(chance, right).expected_error < 0.02
    assert reliability(chance + 0.2, right).expected_error == pytest.approx(0.2, abs=0.02)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_the_order_of_videos_does_not_matter(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    # Few values, so that many videos are equally sure.
    confidence, right = draw.integers(0, 4, n) / 4, draw.random(n) < 0.5
    order = draw.permutation(n)
    first, second = reliability(confidence, right), reliability(confidence[order], right[order])
    assert first.expected_error == pytest.approx(second.expected_error)
    assert first.count.sum() == n
    assert 0 <= first.expected_error <= 1


@pytest.mark.parametrize(
    ("confidence", "bins", "rule"),
    [
        ([], 15, r"must have one shape \(N,\), N >= 1, got \(0,\) and \(1,\)"),
        ([1.1], 15, r"confidence must lie in \[0, 1\]"),
        ([float("nan")], 15, r"confidence must lie in \[0, 1\]"),
        ([0.5], 0, "n_bins be >= 1, got 0 bins"),
    ],
)
def test_bad_confidence_is_refused(confidence: list[float], bins: int, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        reliability(np.array(confidence), np.array([True]), bins)
