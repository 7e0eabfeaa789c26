"""Features of sentences in the store: each text is encoded once per encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.digests import digest
from zs_dagster.models.loading import Models
from zs_dagster.models.sentences import load_sentence_encoder, sentence_fingerprint
from zs_dagster.store import Store

KIND = "sentence_embeddings"
VERSION = "1"


@dataclass(frozen=True)
class Sentences:
    """An encoder of sentences with what it has encoded so far.

    Attributes:
        text_encoder: ``clip`` or ``sbert:MODEL``.
        profile: Whose CLIP it is.
    """

    store: Store
    models: Models
    profile: str
    text_encoder: str

    @property
    def fingerprint(self) -> str:
        """Identify the encoder."""
        return sentence_fingerprint(self.text_encoder, self.profile)

    def key(self, text: str) -> str:
        """Name the store entry of a text."""
        return digest(KIND, VERSION, text, self.fingerprint)

    def fill(self, texts: Sequence[str]) -> int:
        """Encode what is not in the store; returns how many texts that were."""
        keys = {self.key(text): text for text in texts}
        missing = {k: text for k, text in keys.items() if not self.store.has_arrays(KIND, k)}
        if missing:
            encoder = load_sentence_encoder(self.text_encoder, self.profile, self.models)
            features = encoder.encode_texts(list(missing.values()))
            for key, feature in zip(missing, features, strict=True):
                self.store.save_arrays(KIND, key, {"feature": feature})
        return len(missing)

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return un-normalised features ``(N, S)`` of texts, at least one."""
        self.fill(texts)
        return features_of_keys(self.store, [self.key(text) for text in texts])


def features_of_keys(store: Store, keys: Sequence[str]) -> NDArray[np.float32]:
    """Return the features ``(N, S)`` of store entries, at least one."""
    rows: list[NDArray[Any]] = [store.load_arrays(KIND, key)["feature"] for key in keys]
    return np.stack(rows).astype(np.float32)
