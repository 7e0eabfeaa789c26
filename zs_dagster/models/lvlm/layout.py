"""How many tokens and patches a frame and its questions take, from the processor alone."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from transformers import AutoConfig, AutoProcessor

from zs_dagster.errors import ModelError
from zs_dagster.models.cost import Config, FrameLayout
from zs_dagster.models.lvlm.plan import shared_length
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.source import ModelSource, broken
from zs_dagster.models.lvlm.untyped import Inputs, Json

_CONFIGS: Json = AutoConfig
_PROCESSORS: Json = AutoProcessor


@lru_cache(maxsize=1)
def model_config(source: ModelSource) -> Config:
    """Read the configuration of a model that is on this machine, defaults filled in.

    Raises:
        ModelError: If it is not here or cannot be read.
    """
    try:
        found = _CONFIGS.from_pretrained(
            source.name, revision=source.commit, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise broken(source.name, error) from error
    config: Config = found.to_dict()
    return config


def frame_layout(
    source: ModelSource, size: tuple[int, int], questions: Sequence[str]
) -> FrameLayout:
    """Lay out a blank frame and its questions as they would be scored.

    Args:
        source: A model whose processor is on this machine.
        size: Height and width of the frame, pixels.
        questions: Final texts, at least one.

    Raises:
        ModelError: If the processor is not here, or questions cannot share an image.
    """
    prompts = _prompts(source)
    texts = [prompts.render(question) for question in questions]
    try:
        batch = prompts.batch(np.zeros((1, *size, 3), np.uint8), texts[0])
    except ValueError as error:
        raise ModelError(
            f"frames of {size[0]}x{size[1]} cannot be laid out: {error}"
        ) from error
    sequences = prompts.splice(batch["input_ids"][0].tolist(), texts)
    shared = shared_length(sequences)
    tiles, patches = _patches(batch, int(model_config(source)["vision_config"]["patch_size"]))
    return FrameLayout(tiles, patches, shared, [len(ids) - shared for ids in sequences])


@lru_cache(maxsize=1)
def _prompts(source: ModelSource) -> Prompts:
    try:
        processor = _PROCESSORS.from_pretrained(
            source.name, revision=source.commit, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise broken(source.name, error) from error
    return Prompts(processor)


def _patches(batch: Inputs, patch: int) -> tuple[int, int]:
    """Count pictures, and patches per picture."""
    pixels = batch["pixel_values"]
    if pixels.ndim == 2:  # A row per patch.
        return 1, len(pixels)
    tiles = pixels.shape[1] if pixels.ndim == 5 else pixels.shape[0]
    return int(tiles), (pixels.shape[-2] // patch) * (pixels.shape[-1] // patch)
