"""FLOPs of CLIP: counted by torch on a model without weights, on no device."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from zs_dagster.errors import ModelError


@dataclass(frozen=True)
class ClipCost:
    """FLOPs of one frame and of one text."""

    frame: float
    text: float


@lru_cache(maxsize=2)
def clip_cost(model: str) -> ClipCost:
    """Count one pass of each tower; 0.1 to 2 s, and nothing is downloaded.

    Args:
        model: ``local-dir:FOLDER`` or an open_clip architecture name.

    Raises:
        ModelError: If open_clip cannot build the architecture without weights.
    """
    import torch

    try:
        network = _skeleton(model)
        height, width = _size(network.visual.image_size)
        frame = torch.empty(1, 3, height, width, device="meta")
        text = torch.zeros(1, network.context_length, dtype=torch.int64, device="meta")
        return ClipCost(
            _counted(network.encode_image, frame), _counted(network.encode_text, text)
        )
    # Third-party towers raise anything for what they cannot do without weights.
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"FLOPs of CLIP '{model}' cannot be counted: {reason}") from error


def _skeleton(model: str) -> Any:  # noqa: ANN401 - open_clip ships no types
    import logging

    import open_clip
    import torch

    quiet = logging.getLogger()
    before = quiet.disabled
    # It warns that the weights are random; there are none.
    quiet.disabled = True
    try:
        with torch.device("meta"):
            network = open_clip.create_model(model, load_weights=False, device="meta")
    finally:
        quiet.disabled = before
    return network.requires_grad_(False)


def _size(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _counted(encode: Any, inputs: Any) -> float:  # noqa: ANN401 - a method and a tensor
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        encode(inputs)
    return float(counter.get_total_flops())
