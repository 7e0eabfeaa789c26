"""ZAR as test-time scripts run it: every view and every whole prompt encoded anew per clip."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from assets.clip_frames import FramesOf, final_times, zar_views
from zs_dagster.datasets.classification import ZarClassifier
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.crops import EVAL, crop_names

ZAR = ZarClassifier(classifier="zar")
"""The views of the dataset files."""


def reencoding(
    encoder: OpenClipEncoder, known: FramesOf, rgb: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """Classify a clip as test-time scripts do.

    Args:
        encoder: The model.
        known: When which frame is shown, and what else chooses the views.
        rgb: Shape ``(T, H, W, 3)``, all frames.
        names: K classes.

    Returns:
        Probabilities ``(K,)``.
    """
    network = encoder.network

    def features(times: np.ndarray, crops: Sequence[str]) -> Tensor:
        shown = rgb[np.searchsorted(known.times, times)]
        found = encoder.encode_crops(shown, crops)
        means = [torch.from_numpy(found[crop]).mean(dim=0) for crop in crops]
        return normalize(torch.stack(means), dim=-1)

    crops = crop_names(ZAR.crops)
    views = torch.cat([features(times, crops) for times in zar_views(known, ZAR)])
    ids = encoder.tokenize([f"a video of a {name}." for name in names])
    context = network.token_embedding(ids[0, 1:5]).clone().requires_grad_()
    optimizer = torch.optim.AdamW([context], lr=5e-3, weight_decay=0.01)
    log_p = (network.logit_scale.exp() * views @ texts(network, ids, context).T).log_softmax(-1)
    sure = (log_p.exp() * log_p).sum(-1).argsort(descending=True, stable=True)
    mean = log_p[sure[: int(0.8 * len(views))]].exp().mean(0)
    (-(mean * mean.log()).sum()).backward()
    optimizer.step()
    with torch.no_grad():
        (last,) = features(final_times(known, ZAR), [EVAL])
        logits = network.logit_scale.exp() * last @ texts(network, ids, context).T
    return logits.softmax(-1).numpy()


def texts(network: Any, ids: Tensor, context: Tensor) -> Tensor:  # noqa: ANN401
    """Encode whole prompts with a context in place of tokens 1 to 4."""
    embedded = network.token_embedding(ids)
    shared = context.expand(len(ids), -1, -1)
    x = torch.cat([embedded[:, :1], shared, embedded[:, 5:]], dim=1)
    x = network.transformer(x + network.positional_embedding, attn_mask=network.attn_mask)
    x = network.ln_final(x)[torch.arange(len(ids)), ids.argmax(dim=-1)]
    return normalize(x @ network.text_projection, dim=-1)
