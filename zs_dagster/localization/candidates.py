"""Step 2 of ZEAL: the samples at which an action may start, or end."""

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.segments import FloatArray

GAP_SLACK = 1e-9  # times are sums of rounded numbers; a gap of exactly the minimum is enough


def top_samples(column: FloatArray, rank: int) -> IndexArray:
    """Find the samples not below the ``rank``-th largest value, in order of time.

    Args:
        column: Shape ``(T,)``.
        rank: From 1 to T. Values equal to the ``rank``-th largest are all taken.
    """
    threshold = np.sort(column)[column.size - rank]
    return np.flatnonzero(column >= threshold)


def spread_out(
    samples: IndexArray,
    column: FloatArray,
    position: FloatArray,
    min_gap: float,
    *,
    is_later_first: bool,
) -> IndexArray:
    """Keep the best samples that are far enough from every better one kept.

    Args:
        samples: Shape ``(M,)``, indices into the column, increasing.
        column: Shape ``(T,)``; higher is better.
        position: Shape ``(T,)``, increasing; sample numbers, or seconds.
        min_gap: Least distance of two kept samples, in the unit of ``position``.
        is_later_first: Which of two equal values is better: the later one, as where numpy's
            ``argsort()[::-1]`` sorts stably in the authors' code, or the earlier one.

    Returns:
        The kept samples, increasing. O(M log T).
    """
    if is_later_first:
        order = samples[np.argsort(column[samples], kind="stable")[::-1]]
    else:
        order = samples[np.argsort(-column[samples], kind="stable")]
    reach = min_gap - GAP_SLACK
    first = np.searchsorted(position, position[order] - reach, side="right")
    last = np.searchsorted(position, position[order] + reach, side="left")
    is_blocked, blocked = bytearray(column.size), bytes([1]) * column.size
    kept = []
    for sample, begin, stop in zip(order.tolist(), first.tolist(), last.tolist(), strict=True):
        if not is_blocked[sample]:
            kept.append(sample)
            if begin < stop:
                is_blocked[begin:stop] = blocked[begin:stop]
    return np.sort(np.array(kept, dtype=np.intp))
