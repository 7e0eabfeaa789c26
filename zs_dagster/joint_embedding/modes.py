"""What a video is compared by: its frames, the objects in it, or both."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray
from zs_dagster.similarity import normalised

MODES = ("visual", "object", "visual_object")
DEFAULT_WEIGHTS = (0.8, 0.2)


def video_embedding(
    mode: str,
    visual: NDArray[Any],
    objects: NDArray[Any] | None = None,
    *,
    weights: tuple[float, float] = DEFAULT_WEIGHTS,
    mix_normalise: bool = True,
) -> FloatArray:
    """Return the vectors that are compared with the prototypes.

    Args:
        mode: One of `MODES`.
        visual: Shape ``(N, J)``, embeddings of the frames.
        objects: Shape ``(N, J)``, embeddings of the text of the objects; not used by
            ``visual``.
        weights: Of frames and objects in ``visual_object``, >= 0, not both 0. Published: 0.8
            and 0.2.
        mix_normalise: Scale both to length 1 before they are mixed; false as published.

    Returns:
        Shape ``(N, J)``, un-normalised.

    Raises:
        InputError: If the mode is unknown, objects are missing or the weights are off.
    """
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}, got '{mode}'")
    if mode == "visual":
        return np.asarray(visual, dtype=np.float64)
    if objects is None or objects.shape != visual.shape:
        shape = None if objects is None else objects.shape
        raise InputError(f"mode '{mode}' needs objects of shape {visual.shape}, got {shape}")
    if mode == "object":
        return np.asarray(objects, dtype=np.float64)
    if not (all(0 <= one < np.inf for one in weights) and sum(weights) > 0):
        raise InputError(f"weights must be finite, >= 0 and not both 0, got {weights}")
    rows = [np.asarray(one, dtype=np.float64) for one in (visual, objects)]
    if mix_normalise:
        rows = [normalised(one) for one in rows]
    mixed: FloatArray = weights[0] * rows[0] + weights[1] * rows[1]
    return mixed
