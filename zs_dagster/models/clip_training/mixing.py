"""Soft truths: smoothed labels, and clips mixed in pairs (mixup and cutmix).

Sources: label smoothing, arXiv:1512.00567; mixup, arXiv:1710.09412; cutmix, arXiv:1905.04899.
"""

import numpy as np
import torch
from torch.nn import functional

from zs_dagster.models.clip_training.recipe import Recipe


def targets(labels: torch.Tensor, classes: int, smoothing: float) -> torch.Tensor:
    """Return the truth ``(B, K)`` of B labels: rows sum to 1."""
    truth = functional.one_hot(labels, classes).float()
    return truth * (1 - smoothing) + smoothing / classes


def mix(
    clips: torch.Tensor, truth: torch.Tensor, recipe: Recipe, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix each clip and its truth with those of another clip of the batch.

    Args:
        clips: ``(B, F, 3, S, S)``.
        truth: ``(B, K)``.
        recipe: Says which kinds of mixing there are, and how strong.
        rng: Decides kind, partners and share; one kind and share for the batch.
    """
    kinds = [kind for kind in (recipe.mixup, recipe.cutmix) if kind]
    if not kinds:
        return clips, truth
    is_cut = recipe.cutmix > 0 and (len(kinds) == 1 or rng.random() < 0.5)
    strength = recipe.cutmix if is_cut else recipe.mixup
    share = float(rng.beta(strength, strength))
    partner = torch.from_numpy(rng.permutation(len(clips))).to(clips.device)
    if is_cut:
        clips, share = _paste(clips, partner, share, rng)
    else:
        clips = share * clips + (1 - share) * clips[partner]
    return clips, share * truth + (1 - share) * truth[partner]


def _paste(
    clips: torch.Tensor, partner: torch.Tensor, share: float, rng: np.random.Generator
) -> tuple[torch.Tensor, float]:
    """Put a box of the partner into each clip; returns the share that was left as well."""
    side = clips.shape[-1]
    half = side * float(np.sqrt(1 - share)) / 2
    middle = rng.integers(side, size=2)
    low = np.clip(np.round(middle - half), 0, side).astype(int)
    high = np.clip(np.round(middle + half), 0, side).astype(int)
    box = (..., slice(low[0], high[0]), slice(low[1], high[1]))
    mixed = clips.clone()
    mixed[box] = clips[partner][box]
    area = int((high - low).prod())
    return mixed, 1 - area / side**2
