"""Cosine similarity of un-normalised features."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def normalised(features: NDArray[Any]) -> Matrix:
    """Scale the rows of an ``(N, D)`` matrix to unit length; zero rows stay zero."""
    rows = np.asarray(features, dtype=np.float64)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Matrix = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit


def cosine_similarity(features: NDArray[Any], others: NDArray[Any]) -> Matrix:
    """Compare ``(N, D)`` with ``(M, D)`` features: ``(N, M)`` in ``[-1, 1]``."""
    similarity: Matrix = np.clip(normalised(features) @ normalised(others).T, -1.0, 1.0)
    return similarity
