"""Features of single tokens, for video concept spotting (BIKE, arXiv:2301.00182)."""

import numpy as np
import torch
from torch import Tensor

from zs_dagster.errors import ModelError
from zs_dagster.models.clip import Network
from zs_dagster.models.prompt_tuning.text_tower import POOLS_AT_END, TextTower
from zs_dagster.models.protocols import FeatureArray, IntArray


def word_features(network: Network, ids: Tensor) -> tuple[FeatureArray, IntArray]:
    """Encode the tokens of texts, each text up to its end-of-text token.

    Args:
        network: A model of open_clip.
        ids: Token ids, ``(N, S)``.

    Returns:
        Un-normalised features ``(W, D)``, and the text ``(W,)`` each is of.

    Raises:
        ModelError: If the tower is of another kind, or does not mark where a text ends.
    """
    tower = TextTower(network)
    if tower.pool not in POOLS_AT_END:
        raise ModelError(
            "video concept spotting needs a text tower with an end-of-text token, got one that "
            f"pools at '{tower.pool}'; use another aggregator or CLIP model"
        )
    with torch.inference_mode():
        features, ends = tower.encode_tokens(ids)
    rows = features.float().cpu().numpy()
    lengths = ends.cpu().numpy() + 1
    words = [of_text[:length] for of_text, length in zip(rows, lengths, strict=True)]
    return np.concatenate(words), np.repeat(np.arange(len(words)), lengths)
