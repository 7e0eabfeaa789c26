"""How well videos find their own sentences."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.joint_embedding.captioned import IntArray
from zs_dagster.similarity import normalised

BLOCK = 1024


def ranks(
    queries: NDArray[Any], items: NDArray[Any], own: NDArray[np.bool_] | IntArray
) -> NDArray[np.float64]:
    """Rank of the best own item of each query, by cosine; 1 is first.

    Items as near as it are counted half, so that equal embeddings rank as chance does.

    Args:
        queries: Shape ``(N, J)``.
        items: Shape ``(M, J)``.
        own: The own item of each query, ``(N,)``, or which items are, ``(N, M)``.

    Returns:
        Shape ``(N,)``, in ``[1, M]``.
    """
    unit_queries, unit_items = normalised(queries), normalised(items)
    found = [
        _block_ranks(unit_queries[start : start + BLOCK] @ unit_items.T, own[start:][:BLOCK])
        for start in range(0, len(unit_queries), BLOCK)
    ]
    return np.concatenate([np.zeros(0), *found])


def retrieval(rank: NDArray[np.float64]) -> dict[str, float]:
    """Return shares of queries with rank 1 and up to 5, and the median rank."""
    return {
        "r1": float((rank <= 1).mean()),
        "r5": float((rank <= 5).mean()),
        "median_rank": float(np.median(rank)),
    }


def _block_ranks(
    cosine: NDArray[np.float64], own: NDArray[np.bool_] | IntArray
) -> NDArray[np.float64]:
    is_own = own if own.ndim == 2 else own[:, None] == np.arange(cosine.shape[1])
    best = np.where(is_own, cosine, -np.inf).max(axis=1, keepdims=True)
    others = np.where(is_own, -np.inf, cosine)
    rank: NDArray[np.float64] = 1 + (others > best).sum(1) + (others == best).sum(1) / 2
    return rank
