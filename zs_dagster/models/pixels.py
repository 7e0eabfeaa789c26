"""Frames as CLIP reads them: scaled, cut and normalised, many at once.

Scaling is the antialiased bicubic of PIL on 8-bit levels, done by torch: the same filter, with
weights that are rounded otherwise. That moves about one value of 200 by a level of 255 (one of
50 where noise is shrunk to a twentieth), and few by two. On a GPU the filter works in float32
and rounds to levels where PIL does: after the rows and after the columns. PIL from version 13
takes the columns of high pictures first, and differs by more where noise overshoots.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zs_dagster.errors import ModelError
from zs_dagster.models.crops import EVAL, Crop, place_crop, place_whole
from zs_dagster.models.protocols import FrameArray

if TYPE_CHECKING:
    import torch

SCALINGS = ("shortest", "squash")
"""Short side to the model's and the middle cut out, or both sides to the model's."""
LEVELS = 255


@dataclass(frozen=True)
class Pixels:
    """What a model of open_clip asks of its pictures.

    Attributes:
        side: Of the square it reads, pixels.
        scaling: One of `SCALINGS`.
        interpolation: ``bicubic`` or ``bilinear``, antialiased.
        mean: Of red, green and blue, in ``[0, 1]``; subtracted.
        std: Of the same; divided by.
    """

    side: int
    scaling: str
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, network: Any) -> "Pixels":  # noqa: ANN401 - open_clip ships no types
        """Read what the model says.

        Raises:
            ModelError: If it reads pictures that are no squares, or scales them otherwise.
        """
        said = network.visual.preprocess_cfg
        size, scaling = said["size"], said["resize_mode"]
        height, width = (size, size) if isinstance(size, int) else size
        if height != width or scaling not in SCALINGS:
            raise ModelError(
                f"CLIP must read squares scaled by one of {', '.join(SCALINGS)}, got "
                f"{height}x{width} by '{scaling}'; use another model"
            )
        # Training draws one of the two at random; open_clip then evaluates with bicubic.
        kind = "bilinear" if said["interpolation"] == "bilinear" else "bicubic"
        return cls(int(height), scaling, kind, tuple(said["mean"]), tuple(said["std"]))

    def prepare(
        self, frames: FrameArray, crops: Sequence[str], device: str
    ) -> Iterator["torch.Tensor"]:
        """Prepare uint8 RGB frames ``(N, H, W, 3)``, each scaled once for all crops of a scale.

        Args:
            frames: All of one size.
            crops: ``eval`` or of `crops.CROP_SETS`.
            device: Where to work.

        Yields:
            For each crop, float32 ``(N, 3, side, side)`` on the device.
        """
        places = [self._place(crop, frames.shape[2], frames.shape[1]) for crop in crops]
        shared = self._scales(frames, places, device)
        for place in places:
            yield self._normalised(self._square(shared[place[:2]], place))

    def _place(self, crop: str, width: int, height: int) -> Crop:
        if crop != EVAL:
            return place_crop(crop, width, height, self.side)
        if self.scaling == "squash":
            return Crop(self.side, self.side, 0, 0)
        return place_whole(width, height, self.side)

    def _scales(
        self, frames: FrameArray, places: Sequence[Crop], device: str
    ) -> dict[tuple[int, int], "torch.Tensor"]:
        """Return what all crops of a width and height share, uint8 ``(N, 3, H, W)``."""
        # Channels stay last in memory: the fast kernels want them so, and nothing is copied.
        pictures = _on_device(frames, device).permute(0, 3, 1, 2)
        return {size: self._shared(pictures, *size) for size in {at[:2] for at in places}}

    def _shared(self, pictures: "torch.Tensor", width: int, height: int) -> "torch.Tensor":
        high = pictures.shape[-2]
        if pictures.shape[-2:] == (height, width):
            return pictures
        if pictures.is_cuda:
            # The height is left to the crops: it is scaled in their columns alone.
            return _levels(self._scaled(pictures.float(), (high, width)))
        # One call for levels, which rounds between rows and columns as well.
        return self._scaled(pictures, (height, width))

    def _square(self, shared: "torch.Tensor", place: Crop) -> "torch.Tensor":
        """Cut a crop out of what it shares with others."""
        rows = slice(place.top, place.top + self.side)
        columns = slice(place.left, place.left + self.side)
        if shared.shape[-2] == place.height:
            return shared[..., rows, columns]
        narrow = shared[..., columns].float()
        return _levels(self._scaled(narrow, (place.height, self.side)))[..., rows, :]

    def _scaled(self, pictures: "torch.Tensor", size: tuple[int, int]) -> "torch.Tensor":
        from torch.nn import functional

        return functional.interpolate(
            pictures, size=size, mode=self.interpolation, antialias=True
        )

    def _normalised(self, square: "torch.Tensor") -> "torch.Tensor":
        import torch

        mean, std = (
            torch.tensor(part, device=square.device).view(3, 1, 1)
            for part in (self.mean, self.std)
        )
        return square.float().div_(LEVELS).sub_(mean).div_(std)


def _levels(values: "torch.Tensor") -> "torch.Tensor":
    """Round to uint8; the filter overshoots at edges."""
    return values.round_().clamp_(0, LEVELS).byte()


def _on_device(frames: FrameArray, device: str) -> "torch.Tensor":
    import torch

    pixels = torch.from_numpy(np.require(frames, requirements=["C", "W"]))
    if device.startswith("cuda"):
        return pixels.pin_memory().to(device, non_blocking=True)
    return pixels
