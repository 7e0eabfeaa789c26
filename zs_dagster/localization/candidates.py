"""Step 2 of ZEAL: the samples at which an action may start, or end."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def top_of_rows(rows: FloatArray, rank: int) -> FloatArray:
    """Do as `top_samples` for each row of shape ``(R, T)``; the others become ``-inf``."""
    place = rows.shape[1] - rank
    threshold = np.partition(rows, place, axis=1)[:, place : place + 1]
    top: FloatArray = np.where(rows >= threshold, rows, -np.inf)
    return top


def spread_out_rows(
    rows: FloatArray, min_gap: int, *, is_later_first: bool
) -> tuple[IndexArray, IndexArray]:
    """Do as `spread_out` for each row at once, where positions are sample numbers.

    A sample that is better than all others near it stays, whatever happens elsewhere, so that
    all such samples of all rows are kept in one pass, and their neighbours dropped; a few
    passes are enough. The rows are laid on one line with room between them.

    Args:
        rows: Shape ``(R, T)``; higher is better, ``-inf`` is no candidate.
        min_gap: Least distance of two kept samples of a row, >= 1.
        is_later_first: Which of two equal values is better.

    Returns:
        Row and sample of each kept one, by row, then sample.
    """
    num_rows, length = rows.shape
    reach = min_gap - 1
    width = length + reach
    line = np.full(num_rows * width + reach, -np.inf)
    line[reach:].reshape(num_rows, width)[:, :length] = rows
    left, kept = line[reach : line.size - reach], np.zeros(line.size, dtype=np.bool_)
    found = np.zeros(left.size, dtype=np.bool_)
    while True:
        best = _best_near(line, reach, is_later_first=is_later_first)
        if not best.any():
            break
        found |= best
        kept[reach : line.size - reach] = best
        left[_over_windows(np.logical_or, kept, 2 * reach + 1)] = -np.inf
    row, sample = np.divmod(np.flatnonzero(found), width)
    return row, sample


def _best_near(line: FloatArray, reach: int, *, is_later_first: bool) -> NDArray[np.bool_]:
    """Whether each value is better than all within reach; the ends of the line are left out."""
    if not reach:
        return line > -np.inf
    value, largest = line[reach : line.size - reach], _over_windows(np.maximum, line, reach)
    before, after = largest[: value.size], largest[reach + 1 :]
    if is_later_first:
        return (value >= before) & (value > after)
    return (value > before) & (value >= after)


def _over_windows(ufunc: np.ufunc, values: NDArray[Any], width: int) -> NDArray[Any]:
    """Reduce each run of ``width`` neighbours, by runs of 1, 2, 4 and so on."""
    done = 1
    while done < width:
        step = min(done, width - done)
        values = ufunc(values[:-step], values[step:])
        done += step
    return values
