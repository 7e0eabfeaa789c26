"""Soft-NMS of many classes, or videos, in step."""

from collections.abc import Iterator, Sequence

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.localization.soft_nms import MAX_TABLE, left_over, soft_nms
from zs_dagster.segments import FloatArray, Segments, tiou


def soft_nms_each(
    segments: Segments,
    samples: IndexArray,
    owner: IndexArray,
    *,
    sigma: float,
    min_score: float,
) -> tuple[IndexArray, FloatArray]:
    """Do as `soft_nms` for the segments of each of many owners, step by step for all at once.

    Args:
        segments: N candidates, by owner, then first sample.
        samples: Shape ``(N, 2)``, first and last sample, first < last, both inclusive; two
            segments of an owner overlap only if they share a sample.
        owner: Shape ``(N,)``, whole numbers >= 0.
        sigma: As `soft_nms`.
        min_score: As `soft_nms`.

    Returns:
        The kept rows, by owner, best first, and their decayed scores: to the last bit what
        `soft_nms` gives for each owner alone. Memory up to 8 bytes times `MAX_TABLE` squared.
    """
    border = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), owner.size)
    kept, kept_score = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for some in _blocks(np.diff(border).tolist()):
        rows = slice(border[some.start], border[some.stop])
        part = Segments(segments.start_s[rows], segments.end_s[rows], segments.score[rows])
        if len(some) == 1:
            found, score = soft_nms(part, sigma=sigma, min_score=min_score)
        else:
            found, score = _in_step(part, samples[rows], owner[rows], sigma)
            found, score = found[score >= min_score], score[score >= min_score]
        kept.append(found + border[some.start])
        kept_score.append(score)
    return np.concatenate(kept), np.concatenate(kept_score)


def _blocks(counts: Sequence[int]) -> Iterator[range]:
    """Split owners into runs whose tables together are no larger than `MAX_TABLE` squared."""
    first = 0
    for stop in range(1, len(counts) + 1):
        is_last = stop == len(counts)
        if is_last or (stop + 1 - first) * max(counts[first : stop + 1]) ** 2 > MAX_TABLE**2:
            yield range(first, stop)
            first = stop


def _in_step(
    segments: Segments, samples: IndexArray, owner: IndexArray, sigma: float
) -> tuple[IndexArray, FloatArray]:
    """All rows by owner, best first, and their decayed scores."""
    _, begin, row, counts = np.unique(
        owner, return_index=True, return_inverse=True, return_counts=True
    )
    width = int(counts.max())
    slot = row * width + np.arange(row.size) - begin[row]
    line = np.full(counts.size * width, -np.inf)
    line[slot] = segments.score
    table = _table(segments, samples, (row, slot), sigma)
    score, start_of_row = line.reshape(-1, width), np.arange(counts.size) * width
    best, value = np.zeros((2, width, counts.size))
    best = best.astype(np.intp)
    for step in range(width):
        best[step] = score.argmax(axis=1) + start_of_row
        value[step] = line[best[step]]
        score *= table[best[step]]
        line[best[step]] = -np.inf
    is_real = (np.arange(width) < counts[:, np.newaxis]).ravel()
    back = np.zeros(line.size, dtype=np.intp)
    back[slot] = np.arange(row.size)
    return back[best.T.ravel()[is_real]], value.T.ravel()[is_real]


def _table(
    segments: Segments, samples: IndexArray, at: tuple[IndexArray, IndexArray], sigma: float
) -> FloatArray:
    """How much each segment leaves of those of its owner: 1 but where two share a sample.

    Args:
        segments: N segments, by owner, then first sample.
        samples: Shape ``(N, 2)``.
        at: Row of the owner and slot in the table of each segment, shape ``(N,)``.
        sigma: Decay width.

    Returns:
        Shape ``(R * W, W)`` for R owners of at most W segments.
    """
    row, slot = at
    width = int(np.bincount(row).max())
    placed = samples + (row * (samples.max() + 1))[:, np.newaxis]
    place = np.arange(row.size)
    count = np.searchsorted(placed[:, 0], placed[:, 1], side="right") - place - 1
    one = np.repeat(place, count)
    other = np.arange(one.size) - np.repeat(np.cumsum(count) - count, count) + one + 1
    start_s, end_s = segments.start_s, segments.end_s
    overlap = tiou(start_s[one], end_s[one], start_s[other], end_s[other])
    table = np.ones(((row[-1] + 1) * width, width))
    table[slot[one], slot[other] % width] = table[slot[other], slot[one] % width] = left_over(
        overlap, sigma
    )
    return table
