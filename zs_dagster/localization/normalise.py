"""Step 1 of ZEAL: stretch a column of scores to a fixed range."""

import numpy as np
from numpy.typing import NDArray

from zs_dagster.segments import FloatArray


def normalise(column: FloatArray, epsilon: float) -> FloatArray | None:
    """Map the smallest value to ``epsilon`` and the largest to ``1 - epsilon``, linearly.

    Args:
        column: Shape ``(T,)``, T >= 1, finite.
        epsilon: Margin to 0 and 1, in [0, 0.5).

    Returns:
        Shape ``(T,)`` in ``[epsilon, 1 - epsilon]``; None for a constant column, which says
        nothing about when. (The authors' code divides 0 by 0 there and ranks the NaN first.)

    Reference:
        ZEAL, arXiv:2410.14340, section 3, "modified min-max" in its code.
    """
    stretched, is_constant = normalise_rows(column, epsilon)
    return None if is_constant else stretched


def normalise_rows(rows: FloatArray, epsilon: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Do as `normalise` along the last axis, of length T >= 1.

    Returns:
        The same shape, and the shape without the last axis: which rows are constant; those
        hold no meaning.
    """
    low, high = rows.min(axis=-1, keepdims=True), rows.max(axis=-1, keepdims=True)
    width = np.where(low == high, 1, high - low)
    stretched = (rows - low) / width * (1 - 2 * epsilon) + epsilon
    return stretched, (low == high)[..., 0]
