"""How much of a frame the model reads: everything, one tile, or the pooled path of a video."""

from typing import Literal, get_args

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.untyped import Model, Processor

Image = Literal["full", "single-tile", "video"]
Medium = Literal["image", "video"]


def read_frames_as(image: Image, processor: Processor, network: Model) -> Medium:
    """Set up processor and model to read frames in one of three ways, in place.

    Args:
        image: ``full`` is what the processor makes of an image. ``single-tile`` has one tile
            where ``full`` cuts a frame into several. ``video`` shows each frame as a video of
            one frame, whose image tokens LLaVA-OneVision pools two by two.
        processor: The processor of the model.
        network: The model.

    Returns:
        As what a frame is handed to the processor.

    Raises:
        ModelError: If the model has no such way to read a frame.

    Reference:
        LLaVA-OneVision, arXiv:2408.03326, section 3.2 (anyres tiles, pooled video frames).
    """
    if image not in get_args(Image):
        raise ModelError(f"image must be one of {list(get_args(Image))}, got {image!r}")
    if image == "single-tile":
        _keep_one_tile(processor.image_processor, network)
    if image == "video":
        _need_pooled_video(network)
        return "video"
    return "image"


def _keep_one_tile(images: Processor, network: Model) -> None:
    if hasattr(images, "image_grid_pinpoints"):
        size = dict(images.size)
        edge = size.get("shortest_edge")
        base = [size.get("height") or edge, size.get("width") or edge]
        # The model reckons the layout of the tiles anew, from its own list.
        images.image_grid_pinpoints = network.config.image_grid_pinpoints = [base]
    elif hasattr(images, "do_image_splitting"):
        images.do_image_splitting = False
    else:
        raise ModelError(
            f"image 'single-tile' needs a model that cuts frames into tiles, and "
            f"{type(network).__name__} does not; use image 'full'"
        )


def _need_pooled_video(network: Model) -> None:
    if network.config.model_type != "llava_onevision":
        raise ModelError(
            f"image 'video' needs a model that pools the frames of a video, and "
            f"{type(network).__name__} does not; use image 'full'"
        )
