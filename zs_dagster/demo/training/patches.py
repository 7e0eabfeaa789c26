"""What every patch of a frame shows: targets, and the head that is taught to read them.

The head is thrown away; a tower that can name its patches is what `clip` and `lvlm` need.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from zs_dagster.demo.training.scenes import INPUT_SIZE
from zs_dagster.demo.world import COLOURS, SHAPES, STATES, UNNAMED, Thing, state_truth

PATCH_SIZE = 8
GRID = INPUT_SIZE // PATCH_SIZE
CENTRES = (np.arange(GRID) + 0.5) / GRID
IGNORED = -100  # a thing whose colour or shape has no name
NUM_COLOURS, NUM_SHAPES = len(COLOURS) + 1, len(SHAPES) + 1  # the last one is "nothing"
NOTHING_WEIGHT = 0.3


class PatchTargets(NamedTuple):
    """Per frame and patch, P = GRID * GRID: what the front-most thing there is.

    Attributes:
        colour: ``(B, P)``, index, `IGNORED` or ``len(COLOURS)`` for nothing.
        shape: Same for shapes.
        offset: ``(B, P, 3)``, scaled way to its centre and its scaled radius.
        states: ``(B, P, len(STATES))``, 0 or 1.
    """

    colour: torch.Tensor
    shape: torch.Tensor
    offset: torch.Tensor
    states: torch.Tensor


def patch_targets(frames: Sequence[Sequence[Thing]], device: torch.device) -> PatchTargets:
    """Return the targets of B frames."""
    columns = zip(*(_one_frame(things) for things in frames), strict=True)
    colour, shape, offset, states = (
        torch.from_numpy(np.stack(column)).to(device) for column in columns
    )
    return PatchTargets(colour, shape, offset, states)


def _one_frame(things: Sequence[Thing]) -> tuple[np.ndarray, ...]:
    colour = np.full((GRID, GRID), NUM_COLOURS - 1)
    shape = np.full((GRID, GRID), NUM_SHAPES - 1)
    offset = np.zeros((GRID, GRID, 3), np.float32)
    states = np.zeros((GRID, GRID, len(STATES)), np.float32)
    for thing in things:
        way_x, way_y = thing.x - CENTRES[None], thing.y - CENTRES[:, None]
        covered = np.hypot(way_x, way_y) < 0.85 * thing.radius
        covered[_cell(thing.y), _cell(thing.x)] = True
        colour[covered] = _index(tuple(COLOURS), thing.colour)
        shape[covered] = _index(SHAPES, thing.shape)
        size = np.full((GRID, GRID), (thing.radius - 0.13) * 10)
        far_x, far_y = (np.broadcast_to(way * 4, (GRID, GRID)) for way in (way_x, way_y))
        offset[covered] = np.stack([far_x, far_y, size], -1)[covered]
        states[covered] = [state_truth(thing, state) > 0.5 for state in STATES]
    return colour.ravel(), shape.ravel(), offset.reshape(-1, 3), states.reshape(-1, len(STATES))


def _cell(place: float) -> int:
    return int(np.clip(place * GRID, 0, GRID - 1))


def _index(names: tuple[str, ...], name: str) -> int:
    return IGNORED if name == UNNAMED else names.index(name)


class PatchHead(nn.Module):
    """Reads colour, shape and place of the thing at each patch from the tower's features."""

    SIZES = (NUM_COLOURS, NUM_SHAPES, 3)

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, sum(self.SIZES)))

    def forward(  # type: ignore[explicit-override] # typing has it from Python 3.12 on
        self, features: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Map ``(B, P, D)`` to logits of colour and of shape and to offsets."""
        read: torch.Tensor = self.read(features.float())
        return read.split_with_sizes(self.SIZES, -1)

    def loss(
        self, features: torch.Tensor, targets: PatchTargets, colour_weight: float = 1.0
    ) -> torch.Tensor:
        """Return one number: cross entropies of the names, smooth L1 of the offsets."""
        colour, shape, offset = self(features)
        # Only patches with a thing have a way to its centre; nameless ones have it too.
        there = (targets.shape != NUM_SHAPES - 1).float()[..., None]
        distance = functional.smooth_l1_loss(offset, targets.offset, reduction="none")
        return (
            colour_weight * _names_loss(colour, targets.colour)
            + 1.5 * _names_loss(shape, targets.shape)
            + (distance * there).sum() / there.sum().clamp(min=1)
        )

    @torch.no_grad()
    def accuracy(self, features: torch.Tensor, targets: PatchTargets) -> dict[str, float]:
        """Return the shares of named patches whose colour and whose shape are right."""
        colour, shape, _ = self(features)
        return {
            "colour": _share(colour, targets.colour, NUM_COLOURS - 1),
            "shape": _share(shape, targets.shape, NUM_SHAPES - 1),
        }


def _names_loss(logits: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
    weight = torch.ones(logits.shape[-1], device=logits.device)
    weight[-1] = NOTHING_WEIGHT
    return functional.cross_entropy(logits.flatten(0, 1), names.flatten(), weight)


def _share(logits: torch.Tensor, names: torch.Tensor, nothing: int) -> float:
    named = (names >= 0) & (names < nothing)
    return float((logits.argmax(-1) == names)[named].float().mean())
