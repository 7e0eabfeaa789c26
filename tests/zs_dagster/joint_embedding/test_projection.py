"""A picture of points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.projection import pca


def test_by_hand() -> None:
    points = np.array([[0, 1.0, 5], [2, 1, 5], [4, 1, 5], [2, 1.5, 5], [2, 0.5, 5]])
    expected = np.array([[-2, 0], [0, 0], [2, 0], [0, 0.5], [0, -0.5]])
    np.testing.assert_allclose(pca(points), expected, atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_all_axes_keep_all_distances_and_the_first_varies_most(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(9, 4))
    projected = pca(points, 4)
    before = np.linalg.norm(points[:, None] - points, axis=2)
    np.testing.assert_allclose(
        np.linalg.norm(projected[:, None] - projected, axis=2), before, atol=1e-9
    )
    variance = projected.var(axis=0)
    assert (np.diff(variance) <= 1e-12).all()
    # The same axes for the same points in another order, and for the mirrored picture of them.
    order = np.random.default_rng(seed).permutation(9)
    np.testing.assert_allclose(pca(points[order], 2), projected[order, :2], atol=1e-9)


@pytest.mark.parametrize("points", [np.ones((1, 3)), np.ones((4, 1)), np.full((3, 3), 7.0)])
def test_axes_that_are_not_there_are_zero(points: np.ndarray) -> None:
    np.testing.assert_allclose(pca(points), np.zeros((len(points), 2)), atol=1e-12)


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.ones(3), np.full((2, 2), np.nan)])
def test_what_is_no_picture_is_refused(points: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"finite points of shape \(N, J\) and an axis"):
        pca(points)
