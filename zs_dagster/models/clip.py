"""CLIP through open_clip: images and texts into one space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from zs_dagster.digests import digest, folder_digest
from zs_dagster.errors import ModelError
from zs_dagster.models.crops import EVAL, place_crop
from zs_dagster.models.devices import choose_device
from zs_dagster.models.protocols import FeatureArray, FrameArray, IntArray

STAGE_VERSION = "1"
DEFAULT_BATCH = 64

Network: TypeAlias = Any
"""A model of open_clip, whose own types say too little to check against."""

Tokenizer: TypeAlias = Any
"""What turns texts into ids for such a model."""


def clip_fingerprint(model: str, pretrained: str | None) -> str:
    """Digest of what shapes the features; cheap, so that nothing is loaded to compare it.

    A local folder is identified by the bytes of its files, a published model by its name and
    tag, which open_clip resolves to one fixed checkpoint.
    """
    folder = local_folder(model)
    weights = folder_digest(folder) if folder else f"{model}@{pretrained}"
    return digest("clip", STAGE_VERSION, weights)


class OpenClipEncoder:
    """Image and text tower of an open_clip model; satisfies both encoder protocols.

    Args:
        model: ``local-dir:FOLDER`` or an open_clip architecture name.
        pretrained: Tag of published weights; ``None`` for a local folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch: Frames or texts per forward pass; speed only.

    Raises:
        ModelError: If the model or its weights cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        pretrained: str | None = None,
        *,
        device: str = "auto",
        batch: int = DEFAULT_BATCH,
    ) -> None:
        self._batch = batch
        self._device = choose_device(device)
        loaded = load_open_clip(model, pretrained, self._device)
        self._model, self._preprocess, self._tokenize = loaded

    @property
    def network(self) -> Network:
        """The loaded model of open_clip, in evaluation mode."""
        return self._model

    @property
    def tokenize(self) -> Tokenizer:
        """Its tokenizer: texts to ids."""
        return self._tokenize

    @property
    def scale(self) -> float:
        """What cosines are multiplied by before a softmax."""
        return float(self._model.logit_scale.detach().exp())

    def encode_words(self, texts: Sequence[str]) -> tuple[FeatureArray, IntArray]:
        """Encode the single tokens of N sentences, each up to its end-of-text token.

        Returns:
            Features ``(W, D)`` of all tokens, and the sentence ``(W,)`` each is of.

        Raises:
            ModelError: If the text tower does not show its tokens.
        """
        # Imported here: it needs torch, and few classifiers ask for words.
        from zs_dagster.models.prompt_tuning.words import word_features

        return word_features(self._model, self._tokenize(list(texts)).to(self._device))

    def encode_frames(self, frames: FrameArray, crop: str = EVAL) -> FeatureArray:
        """Encode ``(N, H, W, 3)`` RGB frames into ``(N, D)`` un-normalised features.

        Args:
            frames: uint8, all of one size.
            crop: ``eval`` is the model's own preprocessing; others are of `crops.CROP_SETS`.
        """
        import torch

        parts = []
        for start in range(0, len(frames), self._batch):
            chunk = frames[start : start + self._batch]
            images = torch.stack([self._image(frame, crop) for frame in chunk])
            with torch.inference_mode():
                parts.append(self._model.encode_image(images.to(self._device)))
        return _to_numpy(parts, self._width)

    def encode_texts(self, texts: Sequence[str]) -> FeatureArray:
        """Encode N sentences into ``(N, D)`` un-normalised features."""
        import torch

        parts = []
        for start in range(0, len(texts), self._batch):
            tokens = self._tokenize(list(texts[start : start + self._batch]))
            with torch.inference_mode():
                parts.append(self._model.encode_text(tokens.to(self._device)))
        return _to_numpy(parts, self._width)

    def _image(self, frame: FrameArray, crop: str) -> Any:  # noqa: ANN401 - a tensor
        """Prepare one frame ``(H, W, 3)`` as the model takes it."""
        from PIL import Image

        image = Image.fromarray(frame)
        if crop == EVAL:
            return self._preprocess(image)
        place = place_crop(crop, *image.size, self._side)
        scaled = image.resize((place.width, place.height), Image.Resampling.BICUBIC)
        right, bottom = place.left + self._side, place.top + self._side
        square = scaled.crop((place.left, place.top, right, bottom))
        # A square of the model's size passes its resizing and cropping unchanged.
        return self._preprocess(square)

    @property
    def _side(self) -> int:
        size = self._model.visual.image_size
        return int(size if isinstance(size, int) else size[0])

    @property
    def _width(self) -> int:
        output = self._model.visual.output_dim
        return int(output)


def load_open_clip(model: str, pretrained: str | None, device: str) -> tuple[Any, Any, Any]:
    """Load network, preprocessing and tokenizer; raises `ModelError` if that fails."""
    import open_clip

    folder = local_folder(model)
    if folder and not folder.is_dir():
        raise ModelError(f"CLIP folder must exist, got '{folder}'; check the model profile")
    if not folder and not pretrained:
        raise ModelError(f"CLIP model '{model}' needs a `pretrained` tag in the model profile")
    try:
        # Without require_pretrained, missing weights only warn and the model is random.
        network, _, preprocess = open_clip.create_model_and_transforms(
            model, pretrained=pretrained, device=device, require_pretrained=True
        )
        tokenize = open_clip.get_tokenizer(model)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"CLIP model '{model}' cannot be loaded: {reason}") from error
    return network.eval(), preprocess, tokenize


def local_folder(model: str) -> Path | None:
    """Return the folder that a model lies in; none for a published one."""
    prefix, _, folder = model.partition(":")
    return Path(folder) if prefix == "local-dir" else None


def _to_numpy(parts: Sequence[Any], width: int) -> FeatureArray:
    if not parts:
        return np.empty((0, width), dtype=np.float32)
    features: FeatureArray = np.concatenate([part.float().cpu().numpy() for part in parts])
    if not np.isfinite(features).all():
        raise ModelError(
            "CLIP features must be finite, got NaN or infinity; use float32 weights"
        )
    return features
