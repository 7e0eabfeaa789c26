"""Interpolated average precision of a ranking, for many weightings of the videos at once."""

import numpy as np

from zs_dagster.evaluation.matching import IndexArray, Matches
from zs_dagster.segments import FloatArray


def per_class_ap(matches: Matches, weight: FloatArray) -> FloatArray:
    """Average precision where each video counts a given number of times.

    Args:
        matches: The matching, done once.
        weight: Shape ``(R, V)``, how often each video counts in each of R evaluations.

    Returns:
        Shape ``(R, K, C)``; NaN where a class has no ground truth. Copies of one prediction
        follow each other in the ranking.
    """
    n_truth = weight @ matches.n_truth
    ap = np.full((len(weight), len(matches.is_match), len(matches.classes)), np.nan)
    by_video = np.ascontiguousarray(weight.T)
    for c in range(len(matches.classes)):
        rows = matches.rows_of(c)
        is_match = matches.is_match[:, rows]
        hits = np.flatnonzero(is_match.any(axis=0))
        seen = _seen(hits, matches.video[rows], by_video)
        gained = by_video[matches.video[rows][hits]]
        for k, is_hit in enumerate(is_match[:, hits]):
            ap[:, k, c] = average_precision(gained[is_hit], seen[is_hit], n_truth[:, c])
    return ap


def _seen(hits: IndexArray, video: IndexArray, by_video: FloatArray) -> FloatArray:
    """How many predictions a ranking has up to each hit, shape ``(H, R)``.

    Summed between the hits, as precision is read off at no other rank.
    """
    if not hits.size:
        return np.zeros((0, by_video.shape[1]))
    after = np.concatenate([[0], hits[:-1] + 1])
    between: FloatArray = np.add.reduceat(by_video[video[: hits[-1] + 1]], after, axis=0)
    return np.cumsum(between, axis=0)


def average_precision(gained: FloatArray, seen: FloatArray, n_truth: FloatArray) -> FloatArray:
    """Area under the interpolated precision-recall curve of one class at one threshold.

    Precision rises only at matches. The order of operations is that of the ActivityNet
    toolkit, so that what a protocol rounds is rounded the same way.

    Args:
        gained: Shape ``(M, R)``, how often each match counts; matches best first.
        seen: Shape ``(M, R)``, predictions up to and with it.
        n_truth: Shape ``(R,)``, ground-truth segments.

    Returns:
        Shape ``(R,)`` in [0, 1]; NaN where there is no ground truth.
    """
    found = np.cumsum(gained, axis=0)
    precision = np.divide(found, seen, out=np.zeros_like(seen), where=seen > 0)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    total = np.broadcast_to(n_truth, found.shape)
    recall = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
    area = np.ascontiguousarray((np.diff(recall, axis=0, prepend=0) * envelope).T).sum(axis=1)
    ap: FloatArray = np.where(n_truth > 0, area, np.nan)
    return ap
