"""Stage one: a SigLIP tower learns to say what is at each patch.

Names are learnt apart from pairs: half of the things have a colour or a shape without a
name, and a quarter of the batches is grey, so that a shape cannot lean on its colour.
"""

from itertools import islice

import numpy as np
import torch
from torch import nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from zs_dagster.demo.drawing import Image
from zs_dagster.demo.training.loop import Descent, Team
from zs_dagster.demo.training.patches import PATCH_SIZE, PatchHead, patch_targets
from zs_dagster.demo.training.scenes import INPUT_SIZE, Scene, crowded_scenes, scenes
from zs_dagster.demo.training.untyped import SiglipTower

WIDTH = 96
LAYERS = 4
HEADS = 4
BATCH = 64  # over all processes
GREY_SHARE = 0.25


def tower_config() -> SiglipVisionConfig:
    """Return the architecture of the tower that both models share."""
    return SiglipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        image_size=INPUT_SIZE,
        patch_size=PATCH_SIZE,
        vision_use_head=False,
        hidden_act="gelu",
        layer_norm_eps=1e-5,
    )


def pixels(images: list[Image], device: torch.device) -> torch.Tensor:
    """Scale frames ``(64, 64, 3)`` to ``(B, 3, 64, 64)`` in -1 to 1, as both models do."""
    stack = torch.from_numpy(np.stack(images)).to(device)
    return stack.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def features(tower: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return ``(B, P, D)`` of the last layer, before the final norm, as LLaVA reads it."""
    states: torch.Tensor = tower(images, output_hidden_states=True).hidden_states[-1]
    return states


def train_tower(team: Team, seed: int, steps: int) -> tuple[SiglipTower, PatchHead]:
    """Train tower and head from random weights."""
    rng = np.random.default_rng([seed, 1, team.rank])
    tower: SiglipTower = SiglipVisionModel(tower_config())
    tower.to(team.device)
    # Eager attention: the backward pass of the fused one is several times slower on a CPU.
    tower.set_attn_implementation("eager")
    head = PatchHead(WIDTH).to(team.device)
    for module in (tower, head):
        team.share(module)
    parameters = [*tower.parameters(), *head.parameters()]
    descent = Descent(team, "vision", steps, 2e-3, [(parameters, 1.0)])
    crowded, usual = crowded_scenes(rng), scenes(rng)
    share = BATCH // team.size
    while descent.done < steps:
        batch = [*islice(crowded, share * 3 // 4), *islice(usual, share // 4)]
        _step(descent, rng, tower, head, batch)
    return tower, head


def _step(
    descent: Descent,
    rng: np.random.Generator,
    tower: SiglipTower,
    head: PatchHead,
    batch: list[Scene],
) -> None:
    images = pixels([scene.image for scene in batch], descent.team.device)
    grey = rng.random() < GREY_SHARE
    if grey:
        images = images.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    with descent.team.autocast():
        seen = features(tower, images)
    targets = patch_targets([scene.things for scene in batch], descent.team.device)
    loss = head.loss(seen, targets, colour_weight=0.0 if grey else 1.0)
    descent.step(loss, **head.accuracy(seen, targets))
