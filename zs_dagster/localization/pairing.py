"""Step 3 of ZEAL: which starts and ends make a proposal."""

import numpy as np

from zs_dagster.localization.proposals import IndexArray


def pair(starts: IndexArray, ends: IndexArray, max_length: int) -> IndexArray:
    """Pair each start with later ends, as far as the first end beyond the next start.

    An end that lies at or before the next start is always a partner; of those beyond it only
    the first, because whatever ends later belongs more likely to the next start. The last
    start has no next one and takes all. A partner that would make the proposal too long is
    left out, but still counts as the first beyond.

    Args:
        starts: Shape ``(S,)``, samples, increasing, S >= 1.
        ends: Shape ``(E,)``, samples, increasing.
        max_length: Most that ``end - start`` may be, samples.

    Returns:
        Shape ``(N, 2)``, ``start < end``, by start, then end. Possibly none.

    Reference:
        The authors' code of ZEAL (arXiv:2410.14340); the paper leaves the rule out.
    """
    first = np.searchsorted(ends, starts, side="right")
    beyond_next = np.searchsorted(ends, starts[1:], side="right") + 1
    stop = np.append(np.minimum(beyond_next, ends.size), ends.size)
    stop = np.minimum(stop, np.searchsorted(ends, starts + max_length, side="right"))
    return _each_with(starts, ends, first, stop)


def pair_ahead(starts: IndexArray, ends: IndexArray, num_ends: int) -> IndexArray:
    """Pair each start with the next few ends.

    Args:
        starts: Shape ``(S,)``, samples, increasing.
        ends: Shape ``(E,)``, samples, increasing.
        num_ends: Most partners of a start.

    Returns:
        Shape ``(N, 2)``, ``start < end``, by start, then end. N <= S * num_ends.
    """
    first = np.searchsorted(ends, starts, side="right")
    return _each_with(starts, ends, first, np.minimum(first + num_ends, ends.size))


def _each_with(
    starts: IndexArray, ends: IndexArray, first: IndexArray, stop: IndexArray
) -> IndexArray:
    """Pair each start with ``ends[first:stop]``."""
    count = np.maximum(stop - first, 0)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.column_stack(
        [np.repeat(starts, count), ends[np.repeat(first, count) + offset]]
    ).astype(np.intp)
