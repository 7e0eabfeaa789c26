"""Which frames of a segment are seen: a few of them, spread over its time."""

import numpy as np
from numpy.typing import NDArray

from zs_dagster.joint_embedding.captioned import IntArray


def spread(
    length: IntArray, count: int, offset: NDArray[np.float64] | float = 0.5
) -> tuple[IntArray, NDArray[np.bool_]]:
    """Choose one frame in each of ``count`` equal parts of each segment.

    Args:
        length: Shape ``(B,)``, frames of each segment, >= 1.
        count: T, frames to choose; a shorter segment gives all it has, and padding.
        offset: Where in its part each lies, in [0, 1): 0.5 is the middle; or ``(B, T)``.

    Returns:
        Places ``(B, T)``, never descending, 0 where padding; and what is padding, ``(B, T)``.
    """
    steps = np.arange(count)
    share = (steps + offset) / count * length[:, None]
    is_long = length[:, None] > count
    places = np.where(is_long, np.floor(share).astype(np.int64), steps)
    is_padding = ~is_long & (steps >= length[:, None])
    return np.where(is_padding, 0, np.minimum(places, length[:, None] - 1)), is_padding


def leading(length: IntArray, count: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """Choose the first ``count`` frames of each segment; same result as `spread`."""
    return spread(np.minimum(length, count), count)
