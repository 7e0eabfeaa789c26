"""Whether probabilities mean what they say.

Report this on other videos than those a temperature or a threshold was fitted on; nothing here
can check that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

DEFAULT_BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Points of the reliability curve: B bins of equally many videos, least sure first.

    Attributes:
        confidence: Shape ``(B,)``, mean probability of the first prediction.
        accuracy: Shape ``(B,)``, share of them that is right.
        count: Shape ``(B,)``, videos.
    """

    confidence: FloatArray
    accuracy: FloatArray
    count: NDArray[np.int64]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean ``|accuracy - confidence|`` over videos."""
        gap = np.abs(self.accuracy - self.confidence)
        return float((gap * self.count).sum() / self.count.sum())


def reliability(
    confidence: FloatArray, is_right: NDArray[np.bool_], n_bins: int = DEFAULT_BINS
) -> Reliability:
    """Compare confidence and accuracy in bins of equal mass (Nguyen and O'Connor, 2015).

    Args:
        confidence: Shape ``(N,)``, probability of the first prediction, in [0, 1].
        is_right: Shape ``(N,)``, whether it is right.
        n_bins: B at most, >= 1; fewer where there are fewer videos.

    Raises:
        InputError: If shapes differ, there is no video, or a value is out of range.
    """
    if confidence.shape != is_right.shape or confidence.ndim != 1 or not confidence.size:
        raise InputError(
            "confidence and is_right must have one shape (N,), N >= 1, got "
            f"{confidence.shape} and {is_right.shape}"
        )
    if not ((confidence >= 0) & (confidence <= 1)).all() or n_bins < 1:
        raise InputError(f"confidence must lie in [0, 1] and n_bins be >= 1, got {n_bins} bins")
    order = np.argsort(confidence, kind="stable")
    # Equally sure videos may fall into two bins; each takes their mean, so order is no matter.
    _, group = np.unique(confidence, return_inverse=True)
    right = (np.bincount(group, weights=is_right) / np.bincount(group))[group]
    bins = np.array_split(order, min(n_bins, order.size))
    return Reliability(
        np.array([confidence[rows].mean() for rows in bins]),
        np.array([right[rows].mean() for rows in bins]),
        np.array([rows.size for rows in bins], dtype=np.int64),
    )
