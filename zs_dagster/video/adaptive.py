"""Which of many frames to look at, from the frames themselves; no class name is needed.

All functions return sorted, distinct indices, ``min(n, T)`` of them, and are deterministic. On
a video in which nothing changes they agree with uniform sampling.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.video.frames import FloatArray, IntArray

Thumbnails = NDArray[np.uint8]
MIN_CHANGE = 1e-9


def uniform_indices(n_total: int, n: int) -> IntArray:
    """Return the middle frame of each of ``n`` equal parts of ``n_total`` frames.

    Raises:
        InputError: If either is below 1.
    """
    if n_total < 1 or n < 1:
        raise InputError(f"there must be >= 1 frame and >= 1 sample, got {n_total} and {n}")
    count = min(n_total, n)
    return ((np.arange(count) + 0.5) * n_total / count).astype(np.int64)


def arc_length_indices(change: FloatArray, n: int) -> IntArray:
    """Pick frames at equal steps of how much has changed so far.

    Args:
        change: Shape ``(T,)``, >= 0: how much frame t differs from frame t-1; the first is 0.
            `feature_change` and `motion` give it.
        n: Samples, >= 1.
    """
    travelled = np.cumsum(change)
    if travelled[-1] < MIN_CHANGE:
        return uniform_indices(change.size, n)
    count = min(n, change.size)
    wanted = (np.arange(count) + 0.5) / count * travelled[-1]
    return _filled(np.searchsorted(travelled, wanted), change.size, count)


def k_centre_indices(features: FloatArray, n: int) -> IntArray:
    """Pick frames that cover all others: each next one is farthest from those picked.

    A 2-approximation of the smallest covering radius (Gonzalez, 1985). The first is the frame
    nearest to the mean.

    Args:
        features: Shape ``(T, D)``, compared by direction.
        n: Samples, >= 1.
    """
    unit = _unit(features)
    count = min(n, len(unit))
    nearest = unit @ unit.mean(axis=0)
    picked = [int(nearest.argmax())]
    distance = 1 - unit @ unit[picked[0]]
    while len(picked) < count and distance.max() > MIN_CHANGE:
        picked.append(int(distance.argmax()))
        distance = np.minimum(distance, 1 - unit @ unit[picked[-1]])
    if len(picked) == 1:
        return uniform_indices(len(unit), n)
    return _filled(np.array(picked), len(unit), count)


def peak_indices(change: FloatArray, n: int) -> IntArray:
    """Pick the frames of greatest change, at least ``T / (2 n)`` frames apart while they last.

    Args:
        change: Shape ``(T,)``, as for `arc_length_indices`.
        n: Samples, >= 1.
    """
    count = min(n, change.size)
    if change.max() < MIN_CHANGE:
        return uniform_indices(change.size, n)
    distance = change.size / (2 * count)
    picked: list[int] = []
    for place in np.argsort(-change, kind="stable").tolist():
        if len(picked) < count and all(abs(place - other) >= distance for other in picked):
            picked.append(place)
    return _filled(np.array(picked), change.size, count)


def mixed_indices(adaptive: IntArray, n_total: int, n: int) -> IntArray:
    """Join half uniform samples, rounded up, with adaptive ones.

    Args:
        adaptive: Indices an adaptive sampler picked.
        n_total: Frames there are.
        n: Samples, >= 1.
    """
    count = min(n, n_total)
    uniform = uniform_indices(n_total, (count + 1) // 2)
    others = [i for i in adaptive.tolist() if i not in set(uniform.tolist())]
    wanted = count - uniform.size
    spread = uniform_indices(len(others), wanted).tolist() if others and wanted else []
    return _filled(np.array([*uniform, *(others[i] for i in spread)]), n_total, count)


def feature_change(features: FloatArray) -> FloatArray:
    """Return ``1 - cosine`` of each frame's feature and the one before, shape ``(T,)``."""
    unit = _unit(features)
    change = 1 - (unit[1:] * unit[:-1]).sum(axis=1)
    return np.concatenate([[0.0], np.maximum(change, 0.0)])


def motion(thumbnails: Thumbnails) -> FloatArray:
    """Return the mean squared change of luma, frame to frame.

    Args:
        thumbnails: Shape ``(T, h, w, 3)``, RGB.

    Returns:
        Shape ``(T,)``, levels of 255 squared; the first is 0.
    """
    luma = thumbnails.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return np.concatenate([[0.0], (np.diff(luma, axis=0) ** 2).mean(axis=(1, 2))])


def scene_indices(cuts: Sequence[int], n_total: int, n: int) -> IntArray:
    """Pick at least one frame per shot, the others by the square root of a shot's length.

    Args:
        cuts: First frames of the shots after the first, as `scene_cuts` finds them.
        n_total: Frames there are.
        n: Samples, >= 1. Where there are more shots, the longest ones get one each.
    """
    edges = np.array([0, *cuts, n_total])
    lengths = np.diff(edges)
    shares = _shares(lengths, min(n, n_total))
    picked = [
        start + uniform_indices(int(length), int(share))
        for start, length, share in zip(edges, lengths, shares, strict=False)
        if share
    ]
    return _filled(np.concatenate(picked), n_total, min(n, n_total))


def _shares(lengths: IntArray, n: int) -> IntArray:
    """Divide ``n`` samples among shots: one each, then by largest remainder."""
    if n <= lengths.size:
        longest = np.argsort(-lengths, kind="stable")[:n]
        chosen: IntArray = np.isin(np.arange(lengths.size), longest).astype(np.int64)
        return chosen
    weights = np.sqrt(lengths) / np.sqrt(lengths).sum()
    ideal = 1 + weights * (n - lengths.size)
    shares: IntArray = np.minimum(ideal.astype(np.int64), lengths)
    for place in np.argsort(shares - ideal, kind="stable").tolist():
        if shares.sum() < n and shares[place] < lengths[place]:
            shares[place] += 1
    return shares


def _filled(picked: IntArray, n_total: int, count: int) -> IntArray:
    """Return ``count`` distinct sorted indices: those picked, then the middles of the gaps."""
    chosen = np.unique(np.clip(picked, 0, n_total - 1))
    while chosen.size < count:
        edges = np.concatenate([[-1], chosen, [n_total]])
        gap = int(np.diff(edges).argmax())
        chosen = np.sort(np.append(chosen, (edges[gap] + edges[gap + 1]) // 2))
    return chosen.astype(np.int64)


def _unit(features: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise InputError("features must be finite and not zero, got one that is")
    unit: FloatArray = features / lengths
    return unit
