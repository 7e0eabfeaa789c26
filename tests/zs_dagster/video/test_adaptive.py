"""Samplers that look at the frames, and the windows of test-time prompt tuning."""

import colorsys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.video.adaptive import (
    arc_length_indices,
    feature_change,
    k_centre_indices,
    mixed_indices,
    motion,
    peak_indices,
    scene_indices,
    uniform_indices,
)
from zs_dagster.video.scene_cuts import colour_change, scene_cuts
from zs_dagster.video.windows import Windows, window_times

SIZES = st.integers(1, 60)
SEEDS = st.integers(0, 2**32 - 1)


def features(seed: int, n_total: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(size=(n_total, 5))


SAMPLERS: dict[str, Callable[[int, int, int], np.ndarray[tuple[int], np.dtype[np.int64]]]] = {
    "uniform": lambda _, total, n: uniform_indices(total, n),
    "arc": lambda seed, total, n: arc_length_indices(feature_change(features(seed, total)), n),
    "k-centre": lambda seed, total, n: k_centre_indices(features(seed, total), n),
    "peaks": lambda seed, total, n: peak_indices(feature_change(features(seed, total)), n),
    "mixed": lambda seed, total, n: mixed_indices(
        k_centre_indices(features(seed, total), n), total, n
    ),
    "scenes": lambda seed, total, n: scene_indices(
        sorted(set(np.random.default_rng(seed).integers(1, max(2, total), 4)) - {total}),
        total,
        n,
    ),
}


@pytest.mark.parametrize("name", SAMPLERS)
@given(seed=SEEDS, n_total=SIZES, n=SIZES)
def test_samplers_return_sorted_distinct_indices_of_the_right_number(
    name: str, seed: int, n_total: int, n: int
) -> None:
    picked = SAMPLERS[name](seed, n_total, n)
    assert picked.dtype == np.int64
    assert picked.size == min(n, n_total)
    assert (np.diff(picked) > 0).all()
    assert 0 <= picked[0] <= picked[-1] < n_total
    np.testing.assert_array_equal(picked, SAMPLERS[name](seed, n_total, n))


@given(n_total=SIZES, n=SIZES)
def test_a_video_without_change_is_sampled_uniformly(n_total: int, n: int) -> None:
    still = np.ones((n_total, 3))
    uniform = uniform_indices(n_total, n)
    change = feature_change(still)
    for picked in (
        arc_length_indices(change, n),
        peak_indices(change, n),
        k_centre_indices(still, n),
        scene_indices([], n_total, n),
    ):
        np.testing.assert_array_equal(picked, uniform)


def test_by_hand() -> None:
    np.testing.assert_array_equal(uniform_indices(10, 2), [2, 7])
    np.testing.assert_array_equal(uniform_indices(3, 8), [0, 1, 2])
    # All change lies between frames 6 and 8: that is where arc length looks.
    change = np.array([0.0, 0, 0, 0, 0, 0, 1, 1, 1, 0])
    np.testing.assert_array_equal(arc_length_indices(change, 3), [6, 7, 8])
    np.testing.assert_array_equal(peak_indices(np.array([0, 9, 8, 0, 0, 7.0]), 2), [1, 5])
    corners = np.array([[1, 0.1], [1, 0], [1, -0.1], [-1, 0], [0, 1]])
    assert set(k_centre_indices(corners, 2).tolist()) >= {3}
    np.testing.assert_allclose(feature_change(np.array([[1, 0], [0, 2], [0, 5.0]])), [0, 1, 0])
    with pytest.raises(InputError, match="features must be finite and not zero"):
        feature_change(np.zeros((2, 2)))
    with pytest.raises(
        InputError, match="there must be >= 1 frame and >= 1 sample, got 0 and 1"
    ):
        uniform_indices(0, 1)


def test_every_shot_is_seen_and_long_ones_more() -> None:
    picked = scene_indices([4, 20], 120, 10)
    shots = np.searchsorted([4, 20], picked, side="right")
    counts = np.bincount(shots, minlength=3)
    assert counts.min() >= 1
    assert counts[2] > counts[1] > counts[0] - 1
    assert scene_indices([4, 20], 120, 1).tolist() == [70]


def test_the_covering_radius_is_within_twice_the_best() -> None:
    points = features(3, 9)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    distance = 1 - unit @ unit.T

    def radius(picked: list[int]) -> float:
        return float(distance[:, picked].min(axis=1).max())

    best = min(radius([i, j]) for i in range(9) for j in range(9))
    # Chord lengths are a metric; half their square is this distance, hence the factor four.
    assert radius(k_centre_indices(points, 2).tolist()) <= 4 * best + 1e-9


def test_a_cut_is_where_the_colours_change() -> None:
    shots = (
        [(200, 30, 30)] * 20 + [(30, 30, 200)] * 20 + [(220, 220, 210)] * 5 + [(0, 0, 0)] * 20
    )
    pictures = (
        np.array(shots, dtype=np.uint8)[:, None, None, :].repeat(4, axis=1).repeat(4, axis=2)
    )
    assert scene_cuts(pictures) == [20, 40]
    assert scene_cuts(pictures, min_frames=5) == [20, 40, 45]
    assert scene_cuts(pictures[:20]) == []
    assert motion(pictures)[[1, 20]].tolist() == [
        0,
        pytest.approx((0.299 - 0.114) ** 2 * 170**2),
    ]


@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3))
def test_colour_change_agrees_with_the_standard_library(
    first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    pictures = np.array([first, second], dtype=np.uint8)[:, None, None, :]
    a, b = (colorsys.rgb_to_hsv(*(x / 255 for x in rgb)) for rgb in (first, second))
    scale = (180, 255, 255)
    expected = sum(abs(x - y) * s for x, y, s in zip(a, b, scale, strict=True)) / 3
    assert colour_change(pictures)[1] == pytest.approx(expected, abs=1e-6)


@given(seed=SEEDS, duration_s=st.floats(0.01, 1e5), n_frames=st.integers(1, 20))
def test_windows_lie_in_the_video_and_ascend(
    seed: int, duration_s: float, n_frames: int
) -> None:
    windows = Windows(n_frames=n_frames)
    times = window_times(duration_s, windows, seed=seed, video_id="a")
    assert times.shape == (16, n_frames)
    assert (np.diff(times, axis=1) >= 0).all()
    assert times.min() >= 0
    assert times.max() < duration_s
    for number, rate in enumerate(windows.rates):
        rows = times[4 * number : 4 * number + 4]
        assert (np.ptp(rows, axis=1) <= rate * duration_s * (1 + 1e-9)).all()


def test_a_frame_lies_in_each_part_of_its_window() -> None:
    times = window_times(
        8.0, Windows(rates=(1.0,), n_windows=3, n_frames=8), seed=1, video_id="a"
    )
    np.testing.assert_array_equal(np.floor(times), np.arange(8)[None].repeat(3, axis=0))
    middle = Windows(rates=(1.0,), n_windows=1, n_frames=4, is_jittered=False)
    np.testing.assert_allclose(window_times(8.0, middle, seed=1, video_id="a"), [[1, 3, 5, 7]])


def test_seed_and_video_alone_decide_the_windows() -> None:
    first = window_times(9.0, Windows(), seed=1, video_id="a")
    np.testing.assert_array_equal(first, window_times(9.0, Windows(), seed=1, video_id="a"))
    assert not np.array_equal(first, window_times(9.0, Windows(), seed=2, video_id="a"))
    assert not np.array_equal(first, window_times(9.0, Windows(), seed=1, video_id="b"))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"rates": ()}, r"rates must be numbers in \(0, 1\], got \(\)"),
        ({"rates": (1.0, 0.0)}, r"rates must be numbers in \(0, 1\], got \(1.0, 0.0\)"),
        ({"n_windows": 0}, "n_windows and n_frames must be >= 1, got 0 and 16"),
        ({"n_frames": 0}, "n_windows and n_frames must be >= 1, got 4 and 0"),
    ],
)
def test_windows_out_of_range_are_refused(changes: dict[str, object], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        Windows(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_video_without_length_has_no_windows(duration_s: float) -> None:
    with pytest.raises(InputError, match="duration_s must be finite and > 0"):
        window_times(duration_s, Windows(), seed=0, video_id="a")
