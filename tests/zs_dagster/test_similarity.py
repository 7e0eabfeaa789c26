"""Cosine similarity forgets length and nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zs_dagster.similarity import cosine_similarity, normalised

VALUES = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
MATRIX = arrays(np.float64, st.tuples(st.integers(0, 4), st.just(3)), elements=VALUES)


def test_known_angles_have_their_cosine() -> None:
    similarity = cosine_similarity(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 3.0]]))
    np.testing.assert_allclose(similarity, [[np.sqrt(0.5)], [0.0]])


@given(MATRIX, MATRIX)
def test_values_lie_between_minus_one_and_one(a: np.ndarray, b: np.ndarray) -> None:
    similarity = cosine_similarity(a, b)
    assert similarity.shape == (len(a), len(b))
    assert (np.abs(similarity) <= 1).all()


@given(MATRIX, MATRIX, st.floats(1e-3, 1e3))
def test_scaling_a_side_changes_nothing(a: np.ndarray, b: np.ndarray, factor: float) -> None:
    np.testing.assert_allclose(
        cosine_similarity(a * factor, b), cosine_similarity(a, b), atol=1e-9
    )


@given(MATRIX)
def test_a_row_is_most_similar_to_itself_unless_it_is_zero(a: np.ndarray) -> None:
    expected = (np.abs(a).max(axis=1, initial=0) > 0).astype(float)
    np.testing.assert_allclose(np.diag(cosine_similarity(a, a)), expected, atol=1e-9)


def test_half_precision_features_do_not_overflow() -> None:
    large = np.full((1, 512), 60000, dtype=np.float16)
    np.testing.assert_allclose(cosine_similarity(large, large), [[1.0]])


def test_zero_rows_stay_zero() -> None:
    np.testing.assert_array_equal(normalised(np.zeros((2, 3))), np.zeros((2, 3)))
