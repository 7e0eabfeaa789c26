"""CLIP through open_clip: images and texts into one space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from zs_dagster.digests import digest, folder_digest
from zs_dagster.errors import ModelError
from zs_dagster.models.crops import EVAL
from zs_dagster.models.devices import choose_device
from zs_dagster.models.pixels import Pixels
from zs_dagster.models.protocols import FeatureArray, FrameArray, IntArray

STAGE_VERSION = "2"
GPU_BATCH = 64
CPU_BATCH = 16
"""What 16 pictures need at once stays in a cache; 64 of ViT-B/16 take 5 to 15 % longer."""
FULL = "float32"

Network: TypeAlias = Any
"""A model of open_clip, whose own types say too little to check against."""

Tokenizer: TypeAlias = Any
"""What turns texts into ids for such a model."""


def clip_fingerprint(model: str, pretrained: str | None, dtype: str = FULL) -> str:
    """Digest of what shapes the features; cheap, so that nothing is loaded to compare it.

    A local folder is identified by the bytes of its files, a published model by its name and
    tag, which open_clip resolves to one fixed checkpoint.
    """
    folder = local_folder(model)
    weights = folder_digest(folder) if folder else f"{model}@{pretrained}"
    numbers = () if dtype == FULL else (dtype,)
    return digest("clip", STAGE_VERSION, weights, *numbers)


class OpenClipEncoder:
    """Image and text tower of an open_clip model; satisfies both encoder protocols.

    Args:
        model: ``local-dir:FOLDER`` or an open_clip architecture name.
        pretrained: Tag of published weights; ``None`` for a local folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch: Frames or texts per forward pass, speed only; by default what suits the device.
        dtype: Numbers of the image tower; the text tower keeps float32.

    Raises:
        ModelError: If the model or its weights cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        pretrained: str | None = None,
        *,
        device: str = "auto",
        batch: int | None = None,
        dtype: str = FULL,
    ) -> None:
        import torch

        self._dtype = getattr(torch, dtype)
        self._device = choose_device(device)
        self._batch = batch or (CPU_BATCH if self._device == "cpu" else GPU_BATCH)
        self._model, _, self._tokenize = load_open_clip(model, pretrained, self._device)
        self._pixels = Pixels.of(self._model)
        self._model.visual.to(self._dtype)

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

    def encode_frames(self, frames: FrameArray) -> FeatureArray:
        """Encode frames as `encode_crops` does, by the model's own preprocessing."""
        return self.encode_crops(frames, (EVAL,))[EVAL]

    def encode_crops(self, frames: FrameArray, crops: Sequence[str]) -> dict[str, FeatureArray]:
        """Encode crops of ``(N, H, W, 3)`` RGB frames, each scaled once for all of a scale.

        Args:
            frames: uint8, all of one size.
            crops: ``eval`` is the model's own preprocessing; others are of `crops.CROP_SETS`.

        Returns:
            Crop -> un-normalised features ``(N, D)``, the same whatever other crops are asked.
        """
        import torch

        from zs_dagster.models.lvlm.streams import SideStream

        parts: dict[str, list[Any]] = {crop: [] for crop in crops}
        beside = SideStream(torch.device(self._device))
        for start in range(0, len(frames), self._batch):
            chunk = frames[start : start + self._batch]
            with torch.inference_mode():
                prepared = self._pixels.prepare(chunk, list(parts), self._device)
                for features in parts.values():
                    # While the GPU still encodes the batch before.
                    with beside.used():
                        pixels = next(prepared)
                    images = beside.hand_over(pixels).to(self._dtype)
                    features.append(self._model.encode_image(images))
        return {
            crop: _to_numpy(features) if features else self.encode_texts([])
            for crop, features in parts.items()
        }

    def encode_texts(self, texts: Sequence[str]) -> FeatureArray:
        """Encode N sentences into ``(N, D)`` un-normalised features."""
        import torch

        if not texts:
            # Both towers end in one space, and not every tower says how wide it is.
            return self.encode_texts([""])[:0]
        parts = []
        for start in range(0, len(texts), self._batch):
            tokens = self._tokenize(list(texts[start : start + self._batch]))
            with torch.inference_mode():
                parts.append(self._model.encode_text(tokens.to(self._device)))
        return _to_numpy(parts)


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


def _to_numpy(parts: Sequence[Any]) -> FeatureArray:
    features: FeatureArray = np.concatenate([part.float().cpu().numpy() for part in parts])
    if not np.isfinite(features).all():
        raise ModelError("CLIP features must be finite, got NaN or infinity; use dtype float32")
    return features
