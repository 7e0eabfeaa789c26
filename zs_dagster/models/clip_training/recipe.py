"""How a CLIP is trained further: numbers alone, and what they may be.

The values are those of ViFi-CLIP (arXiv:2212.03640); its epochs, batch and learning rate are
the ones that ZAR names for its model "+ K400". ZAR has 16 frames and plain cross entropy.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from zs_dagster.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """One way to train.

    Attributes:
        epochs: Passes over the clips, >= 1.
        batch: Clips per step of the optimiser, >= 1; the last one of an epoch may be smaller.
        accumulation: Parts in which a batch is computed, 1 to ``batch``; memory, not meaning.
        rate: Highest learning rate, > 0.
        last_rate: Share of it that is left at the end, 0 to 1.
        warm_up_epochs: The rate rises linearly from 0 over so many epochs, 0 to ``epochs``.
        beta1: Of AdamW, in [0, 1).
        beta2: Of AdamW, in [0, 1).
        epsilon: Of AdamW, > 0.
        weight_decay: Of AdamW, on all parameters, >= 0.
        frames: Frames per clip, one drawn in each of equal parts, >= 1.
        prompt: Text of a class; must hold ``{name}``.
        label_smoothing: Share of the truth spread over all classes, in [0, 1).
        mixup: Parameter of the Beta distribution of mixup, >= 0; 0 never mixes.
        cutmix: Likewise of cutmix; with both, each batch tosses a coin.
        flip: Chance of a mirrored clip, 0 to 1.
        colour_jitter: Chance of changed colours, 0 to 1.
        greyscale: Chance of a grey clip, 0 to 1.
        shots: Clips per class that are drawn from the data; 0 takes all.
        text_chunk: Classes whose texts are encoded at once, >= 1; memory, not meaning.

    Raises:
        InputError: If a value is out of range.
    """

    epochs: int = 10
    batch: int = 256
    accumulation: int = 64
    rate: float = 8e-6
    last_rate: float = 0.01
    warm_up_epochs: int = 5
    beta1: float = 0.9
    beta2: float = 0.98
    epsilon: float = 1e-8
    weight_decay: float = 1e-3
    frames: int = 16
    prompt: str = "a video of a {name}."
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    flip: float = 0.5
    colour_jitter: float = 0.8
    greyscale: float = 0.2
    shots: int = 0
    text_chunk: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "prompt" and not (math.isfinite(value) and value >= 0):
                raise InputError(f"{field.name} must be finite and >= 0, got {value}")
        for names, rule, is_kept in RULES:
            for name in names.split():
                if not is_kept(value := getattr(self, name)):
                    raise InputError(f"{name} must be {rule}, got {value!r}")
        self._check_together()

    def _check_together(self) -> None:
        if self.accumulation > self.batch:
            raise InputError(
                f"accumulation must be at most batch, {self.batch}, got {self.accumulation}"
            )
        if self.warm_up_epochs > self.epochs:
            raise InputError(
                f"warm_up_epochs must be at most epochs, {self.epochs}, "
                f"got {self.warm_up_epochs}"
            )
        if (self.mixup or self.cutmix) and self.batch < 2 * self.accumulation:
            raise InputError(
                "mixing needs two clips in each part of a batch; lower accumulation to "
                f"{max(1, self.batch // 2)} or less, got {self.accumulation}"
            )

    @property
    def soft_targets(self) -> bool:
        """Whether the truth of a clip is spread over classes."""
        return bool(self.label_smoothing or self.mixup or self.cutmix)

    def rate_at(self, epoch: float) -> float:
        """Return the learning rate at a place in training, counted in epochs from 0.

        Linear warm-up from 0, then half a cosine from ``rate`` to ``last_rate * rate``, which
        runs from the beginning of training as if there were no warm-up.
        """
        if epoch < self.warm_up_epochs:
            return self.rate * epoch / self.warm_up_epochs
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / self.epochs)))
        return self.rate * (self.last_rate + (1 - self.last_rate) * fall)

    def facts(self) -> dict[str, Any]:
        """Return every value by name, for `training.json`."""
        return asdict(self)


RULES: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("epochs batch accumulation frames text_chunk", ">= 1", lambda value: value >= 1),
    ("rate epsilon", "> 0", lambda value: value > 0),
    ("beta1 beta2 label_smoothing", "below 1", lambda value: value < 1),
    ("last_rate flip colour_jitter greyscale", "at most 1", lambda value: value <= 1),
    ("prompt", "a text with {name}", lambda value: value.count("{name}") == 1),
)

PRESETS: dict[str, Recipe] = {
    "zar": Recipe(),
    "vifi": Recipe(
        prompt="a photo of a {name}.", frames=32, label_smoothing=0.1, mixup=0.8, cutmix=1.0
    ),
    "few-shot": Recipe(epochs=11, batch=64, accumulation=16, rate=2e-6, frames=8, shots=16),
}
"""``zar`` and ``vifi`` for a base dataset, ``few-shot`` for base-to-novel."""


def find_recipe(name: str) -> Recipe:
    """Return a preset.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"recipe must be one of {', '.join(PRESETS)}, got '{name}'")
    return PRESETS[name]
