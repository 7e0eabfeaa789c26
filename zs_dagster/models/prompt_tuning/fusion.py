"""From features of frames to one row per view, so that logits are products with the rows."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.prompt_tuning.parameters import Fusion


def fuse(features: Tensor, fusion: Fusion) -> Tensor:
    """Fuse the frames of each view.

    Args:
        features: Un-normalised features of F frames in V views, ``(V, F, D)``; for
            ``embedding`` also those of views, ``(V, D)``.
        fusion: ``embedding`` normalises the mean feature of a view; ``decision`` averages the
            normalised features, which averages the logits of the frames, as these are linear
            in them; ``image`` makes each frame a view.

    Returns:
        Shape ``(V, D)``; ``(V * F, D)`` for ``image``. Float32.

    Raises:
        InputError: If the shape is another one, or there are no views or frames.
        ModelError: If a feature is not finite, or zero and has no direction.
    """
    if features.ndim == 2 and fusion == "embedding":
        features = features[:, None]
    if features.ndim != 3 or features.numel() == 0:
        raise InputError(
            f"features for fusion '{fusion}' must have shape (views, frames, dimensions), "
            f"none of them 0, got {tuple(features.shape)}"
        )
    features = features.float()
    if fusion == "embedding":
        return _directions(features.mean(dim=1))
    if fusion == "decision":
        return _directions(features).mean(dim=1)
    return _directions(features).flatten(end_dim=1)


def _directions(features: Tensor) -> Tensor:
    norms = torch.linalg.vector_norm(features, dim=-1)
    if not bool((torch.isfinite(norms) & (norms > 0)).all()):
        raise ModelError(
            "features of frames must be finite and not zero, got NaN, infinity or a zero "
            "vector; encode the video again with float32 weights"
        )
    return normalize(features, dim=-1)
