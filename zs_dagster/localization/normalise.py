"""Step 1 of ZEAL: stretch a column of scores to a fixed range."""

import numpy as np

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
    low, high = float(np.min(column)), float(np.max(column))
    if low == high:
        return None
    return (column - low) / (high - low) * (1 - 2 * epsilon) + epsilon
