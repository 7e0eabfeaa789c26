"""The model that training starts from, with all that its folder needs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip

from zs_dagster.errors import ModelError
from zs_dagster.models.clip import clip_fingerprint, load_open_clip, local_folder
from zs_dagster.models.clip_training.untyped import Network, Tokenizer

CONFIG = "open_clip_config.json"


@dataclass(frozen=True)
class Base:
    """A CLIP of open_clip, in float32.

    Attributes:
        network: The model, on its device.
        tokenize: Its tokenizer.
        architecture: ``model_cfg`` of `open_clip_config.json`.
        preprocess: ``preprocess_cfg`` of it: size, mean, std and so on.
        fingerprint: See `clip_fingerprint`.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    network: Network
    tokenize: Tokenizer
    architecture: dict[str, Any]
    preprocess: dict[str, Any]
    fingerprint: str
    device: str

    @property
    def side(self) -> int:
        """Of the square that the model takes, pixels.

        Raises:
            ModelError: If it takes no square.
        """
        size = self.preprocess["size"]
        high, wide = (size, size) if isinstance(size, int) else size
        if high != wide:
            raise ModelError(f"the CLIP to train must take squares, got {high} x {wide} pixels")
        return int(high)


def load_base(model: str, pretrained: str | None, device: str) -> Base:
    """Load a model to train or to import weights into.

    Raises:
        ModelError: If it cannot be loaded.
    """
    network, _, tokenize = load_open_clip(model, pretrained, device)
    network = network.float()
    return Base(
        network=network,
        tokenize=tokenize,
        architecture=_architecture(model),
        preprocess=dict(network.visual.preprocess_cfg),
        fingerprint=clip_fingerprint(model, pretrained),
        device=device,
    )


def _architecture(model: str) -> dict[str, Any]:
    folder = local_folder(model)
    if folder is not None:
        config = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
        return dict(config["model_cfg"])
    config = open_clip.get_model_config(model)
    if config is None:
        raise ModelError(
            f"the CLIP to train must be a folder or an architecture of open_clip, got '{model}'"
        )
    return dict(config)
