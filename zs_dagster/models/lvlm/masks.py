"""Attention masks that keep packed questions apart, as transformers takes them."""

import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.plan import Plan
from zs_dagster.models.lvlm.untyped import Model

Mask = torch.Tensor | dict[str, torch.Tensor]

_MASKABLE_LAYERS = {"full_attention", "sliding_attention"}


def may_attend(plan: Plan, window: int | None = None, start: int = 0) -> torch.Tensor:
    """Say which packed token sees which, boolean ``(L - start, L)``, rows asking.

    A token sees what its own prompt alone would show it: the prefix and its own suffix up to
    itself, within ``window`` tokens where the layer has a sliding window. The first ``start``
    rows are left out.
    """
    # Comparisons only: a difference of indices takes eight bytes for each pair of tokens.
    index, branch = plan.index[start:, None], plan.branch[start:, None]
    related = (plan.branch == -1) | (plan.branch == branch)
    seen = related & (plan.index <= index)
    return seen if window is None else seen & (plan.index > index - window)


def decoder_mask(plan: Plan, model: Model, start: int = 0) -> Mask:
    """Write the mask of a plan for one decoder: additive, ``(1, 1, L - start, L)``.

    Additive, because the eager attention of transformers silently misreads a boolean one.

    Returns:
        One mask, or one per layer type where the decoder mixes full and sliding attention.

    Raises:
        ModelError: If a layer carries a state from token to token, which no mask can split.
    """
    config = model.config.get_text_config()
    window = getattr(config, "sliding_window", None)
    layers = set(getattr(config, "layer_types", None) or ())
    if stateful := sorted(layers - _MASKABLE_LAYERS):
        raise ModelError(
            f"packed questions need attention layers, and {type(model).__name__} has "
            f"{stateful}; use mode 'prefix'"
        )
    if "sliding_attention" in layers:
        windows = {"full_attention": None, "sliding_attention": window}
        return {
            kind: _additive(may_attend(plan, w, start), model.dtype)
            for kind, w in windows.items()
        }
    # Without layer types, a window holds in every layer.
    return _additive(may_attend(plan, None if layers else window, start), model.dtype)


def _additive(allowed: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    mask = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device)
    return mask.masked_fill_(~allowed, torch.finfo(dtype).min)[None, None]
