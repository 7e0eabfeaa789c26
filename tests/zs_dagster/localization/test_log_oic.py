"""Scores of runs: by hand, and Parseval's identity."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.localization.log_oic import energy_actionness, log_oic


def test_log_oic_by_hand() -> None:
    # The run 2..9 has 8 samples, so 2 on each side; the nearer one weighs 1/ln 2.
    curve = np.array([5.0, 3, 10, 10, 10, 10, 10, 10, 10, 12, 1, 2])
    near, far = 1 / math.log(2), 1 / math.log(3)
    left = (3 * near + 5 * far) / (near + far)
    right = (1 * near + 2 * far) / (near + far)
    expected = (7 * 10 + 12) / 8 + 12 - 0.2 * left - 0.2 * right
    np.testing.assert_allclose(log_oic(curve, np.array([[2, 9]])), [expected])


def test_sides_that_are_empty_or_cut_short_are_left_out() -> None:
    curve = np.array([4.0, 4, 4, 8, 7])
    # 3 samples have no side; a run from the first sample has none on the left.
    np.testing.assert_allclose(log_oic(curve, np.array([[0, 2]])), [8.0])
    np.testing.assert_allclose(log_oic(curve, np.array([[0, 3]])), [5 + 8 - 0.2 * 7])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_energy_is_that_of_the_spectrum(seed: int, length: int) -> None:
    frames = np.random.default_rng(seed).normal(0, 0.3, (length + 4, 5))
    run = frames[2 : 2 + length]
    spectrum = (np.abs(np.fft.fft(run, axis=0)) ** 2).sum(axis=0).mean()
    found = energy_actionness(frames, np.array([[2, 1 + length]]))
    np.testing.assert_allclose(found, [1 / (1 + math.exp(-spectrum))], rtol=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e6])
def test_energy_saturates_without_a_warning(size: float) -> None:
    found = energy_actionness(np.full((4, 3), size), np.array([[0, 3]]))
    assert found.tolist() == [0.5 if size == 0 else 1.0]
