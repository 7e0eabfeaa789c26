"""Step 5 of ZEAL: demote proposals that overlap better ones."""

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.segments import FloatArray, Segments, tiou

MAX_TABLE = 1024  # Above this many proposals a table of all overlaps takes too much memory.


def soft_nms(
    segments: Segments, *, sigma: float, min_score: float
) -> tuple[IndexArray, FloatArray]:
    """Decay the score of each segment by its overlap with better ones.

    Repeatedly takes the best remaining segment ``M`` and rescales every other one ``b`` by
    ``exp(-tiou(M, b)**2 / sigma)``, so that overlapping actions are demoted, not lost.

    Args:
        segments: N candidates, any order; overlap is measured in their unit, exactly.
        sigma: Decay width, unitless, > 0. Smaller suppresses harder.
        min_score: Segments whose decayed score falls below this are dropped.

    Returns:
        The kept rows, best first, and their decayed scores. Ties keep the input order.

    Reference:
        Bodla et al., "Soft-NMS", arXiv:1704.04503, section 3 (Gaussian), with temporal
        overlap. O(N^2) time; O(N^2) memory up to `MAX_TABLE`, above it O(N).
    """
    score = segments.score.copy()
    everything = np.arange(len(segments))
    table = None if len(segments) > MAX_TABLE else _decay(segments, everything, sigma)
    kept: list[int] = []
    kept_score: list[float] = []
    for _ in range(len(segments)):
        best = int(score.argmax())
        value = score.item(best)
        if value < min_score:
            break
        kept.append(best)
        kept_score.append(value)
        one = everything[best : best + 1]
        score *= _decay(segments, one, sigma)[0] if table is None else table[best]
        score[best] = -np.inf
    return np.array(kept, dtype=np.intp), np.array(kept_score, dtype=np.float64)


def _decay(segments: Segments, better: IndexArray, sigma: float) -> FloatArray:
    """How much each of R better segments leaves of each of all N, shape ``(R, N)``."""
    start_s, end_s = segments.start_s, segments.end_s
    overlap = tiou(start_s[better, np.newaxis], end_s[better, np.newaxis], start_s, end_s)
    return left_over(overlap, sigma)


def left_over(overlap: FloatArray, sigma: float) -> FloatArray:
    """What overlap leaves of a score, ``exp(-overlap**2 / sigma)``.

    It is never quite nothing: nothing times infinity, the mark of what was taken, is NaN.
    """
    left: FloatArray = np.maximum(np.exp(-(overlap**2) / sigma), np.finfo(np.float64).tiny)
    return left


def soft_nms_sorted_once(
    samples: IndexArray, score: FloatArray, *, sigma: float, min_score: float
) -> tuple[IndexArray, FloatArray]:
    """Soft-NMS as in the published code of ZEAL, kept for comparison.

    It differs from `soft_nms` in three ways: candidates are sorted once and visited in that
    order, although their scores change on the way; lengths are inclusive, in samples
    (``last - first + 1``); a candidate below ``min_score`` when visited demotes nobody.

    Args:
        samples: Shape ``(N, 2)``, first and last sample, both inclusive.
        score: Shape ``(N,)``. Of equal ones the later row is visited first, which is what
            numpy's ``argsort()[::-1]`` does where it sorts stably.
        sigma: Decay width, unitless, > 0.
        min_score: Candidates whose decayed score falls below this are dropped.

    Returns:
        The kept rows in the order of their first scores, and their decayed scores.
    """
    order = np.argsort(score, kind="stable")[::-1]
    first, last = samples[order].astype(np.float64).T
    decayed = score[order]
    for i in range(order.size):
        if decayed[i] < min_score:
            continue
        overlap = tiou(first[i], last[i] + 1, first[i + 1 :], last[i + 1 :] + 1)
        decayed[i + 1 :] *= np.exp(-(overlap**2) / sigma)
    is_kept = decayed >= min_score
    return order[is_kept], decayed[is_kept]
