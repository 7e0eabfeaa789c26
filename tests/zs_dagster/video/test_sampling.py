"""Sample times: by hand, then properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.video.sampling import sample_times, uniform_times

durations = st.floats(1e-3, 10_000)


def test_by_hand() -> None:
    np.testing.assert_array_equal(sample_times(2.5, 1.0), [0, 1, 2])
    np.testing.assert_array_equal(sample_times(1.0, 2.0), [0, 0.5])
    np.testing.assert_array_equal(uniform_times(8.0, 4), [1, 3, 5, 7])


def test_the_end_itself_is_not_sampled() -> None:
    np.testing.assert_array_equal(sample_times(3.0, 1.0), [0, 1, 2])
    np.testing.assert_array_equal(sample_times(np.nextafter(3.0, 4.0), 1.0), [0, 1, 2, 3])


def test_a_clip_shorter_than_a_step_gives_its_start() -> None:
    np.testing.assert_array_equal(sample_times(0.04, 1.0), [0])


@given(durations, st.floats(0.1, 60))
def test_all_multiples_before_the_end_and_no_other(duration_s: float, fps: float) -> None:
    times = sample_times(duration_s, fps)
    np.testing.assert_array_equal(times, np.arange(times.size) / fps)
    assert times[-1] < duration_s <= times.size / fps
    assert times.dtype == np.float64


@given(durations, st.integers(1, 500))
def test_mid_points_are_symmetric_and_inside(duration_s: float, n: int) -> None:
    times = uniform_times(duration_s, n)
    np.testing.assert_allclose(times + times[::-1], duration_s)
    assert times.shape == (n,)
    assert 0 < times[0] <= times[-1] < duration_s


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_duration_and_rate_must_be_positive(value: float) -> None:
    with pytest.raises(InputError, match=f"duration_s must be finite and > 0, got {value:g}"):
        sample_times(value, 1.0)
    with pytest.raises(InputError, match=f"fps must be finite and > 0, got {value:g}"):
        sample_times(1.0, value)
    with pytest.raises(InputError, match=f"duration_s must be finite and > 0, got {value:g}"):
        uniform_times(value, 3)


def test_at_least_one_sample() -> None:
    with pytest.raises(InputError, match="n must be >= 1 sample, got 0"):
        uniform_times(1.0, 0)
