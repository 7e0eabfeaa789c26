"""Vectors of length one: all that a cosine sees of a feature."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

MIN_LENGTH = 1e-12


def unit(features: NDArray[Any], what: str) -> FloatArray:
    """Scale vectors along the last axis to length 1.

    Args:
        features: Shape ``(..., D)``, un-normalised.
        what: What they are, plural, for the message.

    Returns:
        Shape ``(..., D)``, fp64.

    Raises:
        InputError: If a vector is not finite or has no direction.
    """
    vectors = np.asarray(features, dtype=np.float64)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    broken = int((~(np.isfinite(length) & (length > MIN_LENGTH))).sum())
    if broken:
        raise InputError(
            f"{what} must be finite and not zero; {broken} of {length.size} are not, so they "
            "have no direction to compare"
        )
    directions: FloatArray = vectors / length
    return directions
