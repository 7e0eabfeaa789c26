"""Training views of a clip: one crop, one flip and one change of colours for all its frames.

As in the training pipeline of ViFi-CLIP (arXiv:2212.03640): a crop of several sizes and shapes
from the frame, mirrored half of the time, with changed colours in most and no colours in some
clips. There the place of the crop is one of five, here any.
"""

import math

import numpy as np
import torch
from torch.nn import functional

from zs_dagster.models.clip_training.recipe import Recipe
from zs_dagster.models.protocols import FrameArray

# Sides of the crop as shares of the frame's short side; width and height at most a step apart.
SCALES = (1.0, 0.875, 0.75, 0.66)
BRIGHTNESS, CONTRAST, SATURATION, HUE = 0.4, 0.4, 0.2, 0.1  # hue in turns
LUMA = (0.299, 0.587, 0.114)
# RGB to luma and two axes of colour (YIQ), in which a change of hue is a rotation.
YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def training_view(
    frames: FrameArray, side: int, recipe: Recipe, rng: np.random.Generator, device: str = "cpu"
) -> torch.Tensor:
    """Return what is trained on: ``(F, 3, side, side)``, float32 in 0 to 1.

    Args:
        frames: ``(F, H, W, 3)`` RGB, uint8.
        side: Of the square that the model takes, pixels.
        recipe: Chances of flips and colours.
        rng: Decides everything else.
        device: Where it is computed, and lies afterwards.
    """
    top, left, height, width = random_crop(frames.shape[1], frames.shape[2], rng)
    cut = np.ascontiguousarray(frames[:, top : top + height, left : left + width])
    images = torch.from_numpy(cut).to(device).permute(0, 3, 1, 2).float() / 255
    images = functional.interpolate(images, (side, side), mode="bicubic", antialias=True)
    images = images.clamp(0, 1)
    if rng.random() < recipe.flip:
        images = images.flip(-1)
    if rng.random() < recipe.colour_jitter:
        images = jitter_colours(images, rng)
    if rng.random() < recipe.greyscale:
        images = _grey(images).expand_as(images)
    return images


def random_crop(height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Return top, left, height and width of a crop, pixels."""
    short, first = min(height, width), int(rng.integers(len(SCALES)))
    near = [i for i in range(len(SCALES)) if abs(i - first) <= 1]
    second = near[int(rng.integers(len(near)))]
    high, wide = (max(1, round(short * SCALES[i])) for i in (first, second))
    top, left = rng.integers(height - high + 1), rng.integers(width - wide + 1)
    return int(top), int(left), high, wide


def jitter_colours(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Change brightness, contrast, saturation and hue in a random order, one way for all."""
    changes = (
        lambda x: x * _factor(rng, BRIGHTNESS),
        lambda x: _blend(x, _grey(x).mean((1, 2, 3), keepdim=True), _factor(rng, CONTRAST)),
        lambda x: _blend(x, _grey(x), _factor(rng, SATURATION)),
        lambda x: turn_hue(x, float(rng.uniform(-HUE, HUE))),
    )
    for place in rng.permutation(len(changes)):
        images = changes[place](images).clamp(0, 1)
    return images


def turn_hue(images: torch.Tensor, turns: float) -> torch.Tensor:
    """Rotate the colours of ``(F, 3, H, W)`` about the grey axis; not clamped."""
    cos, sin = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    axes = torch.tensor(YIQ, dtype=torch.float64)
    rotation = torch.tensor([[1, 0, 0], [0, cos, -sin], [0, sin, cos]], dtype=torch.float64)
    matrix = (torch.linalg.inv(axes) @ rotation @ axes).to(images)
    return torch.einsum("ij,fjhw->fihw", matrix, images)


def _factor(rng: np.random.Generator, strength: float) -> float:
    return float(rng.uniform(1 - strength, 1 + strength))


def _blend(images: torch.Tensor, other: torch.Tensor, share: float) -> torch.Tensor:
    return share * images + (1 - share) * other


def _grey(images: torch.Tensor) -> torch.Tensor:
    """Return the luma, ``(F, 1, H, W)``."""
    weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)
