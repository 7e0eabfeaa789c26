"""The semantic gap, by hand and in its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.gap import semantic_gap, uniformity


def test_by_hand() -> None:
    # Class 0 points along x and 1 along y; one of its two videos looks like class 0.
    video = np.array([[2.0, 0], [0, 3], [1, 0]])
    prototypes = np.array([[5.0, 0], [0, 1], [0, 7]])
    gap = semantic_gap(video, np.array([0, 1, 1]), prototypes, np.array([0, 1, 2]))
    np.testing.assert_allclose(gap.centroid_cosine, [1, 0.5**0.5, np.nan])
    assert gap.modality_gap == pytest.approx(2**0.5 / 3)
    # Squared distances to own prototypes: 0, 0 and 2.
    assert gap.alignment == pytest.approx(2 / 3)
    assert gap.video_uniformity == pytest.approx(np.log((1 + 2 * np.exp(-4)) / 3))
    assert gap.text_uniformity == gap.video_uniformity
    # The second video is as near to class 2 as to its own, and the lower class is taken.
    assert gap.accuracy == pytest.approx(2 / 3)
    assert gap.confusions == [(1, 0, 1)]
    assert gap.video_to_text == {"r1": 1 / 3, "r5": 1.0, "median_rank": 1.5}
    # The prototype of class 2 has no videos and is not asked for.
    assert gap.text_to_video == {"r1": 0.5, "r5": 1.0, "median_rank": 1.25}


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0.1, 10))
def test_a_perfect_space_has_no_gap_and_lengths_do_not_matter(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    prototypes, owner = rng.normal(size=(5, 6)), np.arange(5)
    gap = semantic_gap(scale * prototypes, owner, prototypes, owner)
    assert gap.modality_gap == pytest.approx(0, abs=1e-12)
    assert gap.alignment == pytest.approx(0, abs=1e-12)
    assert gap.accuracy == gap.video_to_text["r1"] == gap.text_to_video["r1"] == 1
    assert gap.confusions == []
    np.testing.assert_allclose(gap.centroid_cosine, 1)


def test_the_commonest_confusions_come_first() -> None:
    eye = np.eye(3)
    label, looks_like = np.array([0, 1, 1, 2, 2, 0]), np.array([1, 2, 2, 0, 2, 0])
    gap = semantic_gap(eye[looks_like], label, eye, np.arange(3), n_confusions=2)
    assert gap.confusions == [(1, 2, 2), (0, 1, 1)]


def test_uniformity_of_spread_and_of_equal_points() -> None:
    assert uniformity(np.array([[1.0, 0], [1, 0], [1, 0]])) == pytest.approx(0)
    assert uniformity(np.array([[1.0, 0], [-1, 0]])) == pytest.approx(-8)
    assert np.isnan(uniformity(np.array([[1.0, 0]])))
    rows = np.tile(np.eye(2), (700, 1))  # more than a block: 700 pairs alike, 700 apart
    alike, pairs = 2 * 700 * 699, 1400 * 1399
    expected = np.log((alike + (pairs - alike) * np.exp(-4)) / pairs)
    assert uniformity(rows) == pytest.approx(expected)


def test_what_does_not_fit_is_refused() -> None:
    one = np.ones((1, 2)), np.array([0])
    with pytest.raises(InputError, match="each of 0 videos, at least one, must have a label"):
        semantic_gap(np.zeros((0, 2)), np.zeros(0, np.int64), *one)
    with pytest.raises(InputError, match="1 of 2 have none, such as class 1"):
        semantic_gap(np.ones((1, 2)), np.array([1]), *one)
