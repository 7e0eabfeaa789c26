"""Points of the joint space on a plane, for a picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray


def pca(points: NDArray[Any], n_axes: int = 2) -> FloatArray:
    """Project on the directions of greatest variance.

    The same points give the same picture: an axis points to where its largest loading is
    positive.

    Args:
        points: Shape ``(N, J)``, N >= 1.
        n_axes: >= 1; axes that the points do not have are 0.

    Returns:
        Shape ``(N, n_axes)``, centred.

    Raises:
        InputError: If there is no point, or one is not finite.
    """
    if points.ndim != 2 or not points.size or not np.isfinite(points).all() or n_axes < 1:
        raise InputError(
            f"a projection needs finite points of shape (N, J) and an axis, got {points.shape} "
            f"and {n_axes}"
        )
    rows = np.asarray(points, dtype=np.float64)
    centred = rows - rows.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:n_axes]
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    projected = np.zeros((len(rows), n_axes))
    projected[:, : len(axes)] = centred @ (axes * signs[:, None]).T
    return projected
