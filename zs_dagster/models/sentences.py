"""Encoders of sentences: the text tower of a CLIP, or a model of sentence-transformers."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zs_dagster.digests import digest, folder_digest
from zs_dagster.errors import ModelError
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.loading import Models
from zs_dagster.models.protocols import FeatureArray, TextEncoder

STAGE_VERSION = "1"
CLIP = "clip"
SBERT = "sbert:"
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


def sentence_fingerprint(text_encoder: str, profile: str) -> str:
    """Identify an encoder of sentences without loading it.

    Args:
        text_encoder: ``clip`` or ``sbert:MODEL``, a name on the hub or a folder.
        profile: Whose CLIP it is.
    """
    if text_encoder == CLIP:
        return digest("sentences", STAGE_VERSION, CLIP, Models().clip_fingerprint(profile))
    model = text_encoder.removeprefix(SBERT)
    weights = folder_digest(Path(model)) if Path(model).is_dir() else model
    return digest("sentences", STAGE_VERSION, SBERT, weights)


def load_sentence_encoder(text_encoder: str, profile: str, models: Models) -> TextEncoder:
    """Load an encoder of sentences.

    Raises:
        ModelError: If it cannot be loaded, or its package is not installed.
    """
    if text_encoder == CLIP:
        return ClipSentences(models.clip(profile))
    return SbertSentences(text_encoder.removeprefix(SBERT))


class ClipSentences:
    """The text tower of a CLIP; a text that is too long for it is the mean of its sentences.

    Args:
        encoder: The CLIP.
    """

    def __init__(self, encoder: OpenClipEncoder) -> None:
        self._encoder = encoder

    def encode_texts(self, texts: Sequence[str]) -> FeatureArray:
        """Encode N sentences into ``(N, D)`` un-normalised features."""
        parts = [self._parts(text) for text in texts]
        features = self._encoder.encode_texts([one for some in parts for one in some])
        ends = np.cumsum([len(some) for some in parts])
        rows = np.split(features, ends[:-1]) if texts else []
        means = [_mean_direction(some) if len(some) > 1 else some[0] for some in rows]
        return np.stack(means) if means else features

    def _parts(self, text: str) -> list[str]:
        """Return the text, or its sentences where the model would cut it."""
        if not self._is_cut(text):
            return [text]
        return [part for part in _SENTENCE_END.split(text) if part] or [text]

    def _is_cut(self, text: str) -> bool:
        """Say whether a text fills the context to its last token."""
        last = self._encoder.tokenize([text, ""])[:, -1]
        return bool(last[0] != last[1])


class SbertSentences:
    """A model of sentence-transformers, which is an optional package.

    Args:
        model: Name on the hub, or folder.

    Raises:
        ModelError: If the package is missing or the model cannot be loaded.
    """

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelError(
                f"text_encoder 'sbert:{model}' needs the package sentence-transformers, which "
                "is not installed; install the extra `sbert`, or use text_encoder: clip"
            ) from error
        try:
            self._model: Any = SentenceTransformer(model)
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(
                f"text_encoder 'sbert:{model}' cannot be loaded: {reason}"
            ) from error

    def encode_texts(self, texts: Sequence[str]) -> FeatureArray:
        """Encode N sentences into ``(N, D)`` un-normalised features."""
        features: FeatureArray = np.asarray(self._model.encode(list(texts)), dtype=np.float32)
        return features


def _mean_direction(features: FeatureArray) -> FeatureArray:
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    mean: FeatureArray = units.mean(axis=0)
    return mean
