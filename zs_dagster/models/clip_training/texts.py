"""Texts of all classes with gradients, in bounded memory."""

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from zs_dagster.models.clip_training.untyped import Network


def text_features(network: Network, tokens: torch.Tensor, chunk: int) -> torch.Tensor:
    """Encode K texts into ``(K, D)`` features of length 1, float32.

    With more texts than ``chunk``, what the backward pass needs is not kept but computed again,
    chunk by chunk: the tower of a ViT-B/16 keeps 18 MiB per text of 77 tokens.

    Args:
        network: The CLIP.
        tokens: ``(K, L)``.
        chunk: Texts encoded at once.
    """
    pieces = torch.split(tokens, chunk)
    if len(pieces) == 1:
        features = [network.encode_text(tokens)]
    else:
        features = [
            checkpoint(network.encode_text, piece, use_reentrant=False) for piece in pieces
        ]
    return functional.normalize(torch.cat(features).float(), dim=-1)
