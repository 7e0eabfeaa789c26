"""A curve cut at a threshold: runs of samples, near ones joined, short ones dropped."""

import numpy as np
from numpy.typing import NDArray

from zs_dagster.localization.frame_scores import FrameScores
from zs_dagster.localization.proposals import IndexArray

SLACK = 1e-9  # times are sums of rounded numbers


def runs(is_active: NDArray[np.bool_]) -> IndexArray:
    """First and last sample (inclusive) of each run of true values, shape ``(N, 2)``."""
    edges = np.diff(np.concatenate([[0], is_active.astype(np.int8), [0]]))
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1])


def joined(samples: IndexArray, scores: FrameScores, max_gap_s: float) -> IndexArray:
    """Join runs whose gap is no longer than ``max_gap_s`` seconds.

    Args:
        samples: Shape ``(N, 2)``, disjoint, increasing.
        scores: When the samples are shown.
        max_gap_s: From the end of a run's last span to the start of the next run.

    Returns:
        Shape ``(M, 2)``, M <= N.
    """
    if not samples.size:
        return samples
    gap = scores.time_s[samples[1:, 0]] - scores.span_end_s[samples[:-1, 1]]
    is_new = np.concatenate([[True], gap > max_gap_s + SLACK])
    is_last = np.append(is_new[1:], True)
    return np.column_stack([samples[is_new, 0], samples[is_last, 1]])


def longer_than(samples: IndexArray, scores: FrameScores, length_s: float) -> IndexArray:
    """Keep the runs whose spans last longer than a length in seconds."""
    length = scores.span_end_s[samples[:, 1]] - scores.time_s[samples[:, 0]]
    return samples[length > length_s + SLACK]
