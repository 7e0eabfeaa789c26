"""The text tower of an open_clip model, entered at the embeddings instead of the token ids.

open_clip keeps the parts of a text tower on the model (`CLIP`) or on `model.text`
(`CustomTextCLIP`), under two sets of names; both are read here and nothing is written.
"""

from typing import Any, TypeAlias

import torch
from torch import Tensor

from zs_dagster.errors import ModelError
from zs_dagster.models.clip import Network

Tower: TypeAlias = Any
"""What holds the parts of a text tower: a model, or its `text`."""

POOLS_AT_END = ("argmax", "eos")
"""Pooling at the end-of-text token, which a causal tower lets see only what comes before."""


class TextTower:
    """Read-only view of a text tower.

    Args:
        network: Model of open_clip: ``CLIP`` or ``CustomTextCLIP`` with its own text tower.

    Raises:
        ModelError: If prompts cannot be injected into this kind of tower.
    """

    def __init__(self, network: Network) -> None:
        tower: Tower = getattr(network, "text", network)
        _check(tower)
        self._tower = tower
        is_model = tower is network  # `CLIP` marks its names as those of the text.
        self._pool: str = tower.text_pool_type if is_model else tower.pool_type
        self._eos: int = tower.text_eos_id if is_model else tower.eos_id
        if self._pool not in (*POOLS_AT_END, "last", "first"):
            raise ModelError(
                f"text tower must pool its tokens, got pool_type '{self._pool}'; "
                "use another CLIP model"
            )

    @property
    def pool(self) -> str:
        """How the tower makes one feature of a text."""
        return self._pool

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        device: torch.device = self._tower.positional_embedding.device
        return device

    @property
    def length(self) -> int:
        """Most tokens of a text, those of start and end included."""
        return int(self._tower.positional_embedding.shape[0])

    @property
    def bytes_per_token(self) -> int:
        """Estimate of what one token leaves in memory for the backward pass, frozen weights.

        Ten widths per layer: the inputs of two layer norms, q, k and v, the output of the
        attention, and four in the perceptron.
        """
        transformer = self._tower.transformer
        width = int(self._tower.positional_embedding.shape[1])
        size = transformer.get_cast_dtype().itemsize
        return 10 * width * len(transformer.resblocks) * int(size)

    def embed(self, ids: Tensor) -> Tensor:
        """Return the embeddings ``(N, S, W)`` of token ids ``(N, S)``."""
        embeddings: Tensor = self._tower.token_embedding(ids)
        return embeddings

    def useful_length(self, ids: Tensor) -> int:
        """Return how many leading tokens of ``(N, S)`` ids decide the features.

        Behind a causal mask nothing after the last end-of-text token is seen. A tower that
        looks ahead, or pools elsewhere, needs all S.
        """
        if self._tower.attn_mask is None or self._pool not in POOLS_AT_END:
            return int(ids.shape[1])
        is_end = ids if self._pool == "argmax" else torch.eq(ids, self._eos).int()
        return int(is_end.argmax(dim=-1).max()) + 1

    def encode(self, embeddings: Tensor, ids: Tensor) -> Tensor:
        """Encode embeddings as `encode_text` does ids.

        Args:
            embeddings: Shape ``(N, S, W)``, S at most `length`.
            ids: Shape ``(N, S)``; says where to pool and what is padding.

        Returns:
            Un-normalised features, shape ``(N, D)``.
        """
        from open_clip.transformer import text_global_pool

        x = self._contextual(embeddings, ids)
        return self._project(text_global_pool(x, ids, self._pool, eos_token_id=self._eos))

    def encode_tokens(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Encode every token of ``(N, S)`` ids into the space of whole texts.

        Returns:
            Un-normalised features ``(N, S, D)``, and the place ``(N,)`` where each text ends.
        """
        is_end = ids if self._pool == "argmax" else torch.eq(ids, self._eos).int()
        return self._project(self._contextual(self.embed(ids), ids)), is_end.argmax(dim=-1)

    def _contextual(self, embeddings: Tensor, ids: Tensor) -> Tensor:
        tower = self._tower
        cast = tower.transformer.get_cast_dtype()
        x = embeddings.to(cast) + tower.positional_embedding[: ids.shape[1]].to(cast)
        normalised: Tensor = tower.ln_final(
            tower.transformer(x, attn_mask=self._mask(ids, cast))
        )
        return normalised

    def _mask(self, ids: Tensor, cast: torch.dtype) -> Tensor | None:
        length = ids.shape[1]
        if getattr(self._tower, "use_pad_mask", False):  # Towers without a causal mask only.
            padding: Tensor = self._tower._build_additive_mask(ids, length, cast)
            return padding
        causal: Tensor | None = self._tower.attn_mask
        return None if causal is None else causal[:length, :length]

    def _project(self, x: Tensor) -> Tensor:
        projection = self._tower.text_projection
        if projection is None:
            return x
        projected: Tensor = (
            projection(x) if isinstance(projection, torch.nn.Linear) else x @ projection
        )
        return projected


def _check(tower: Tower) -> None:
    kind = type(tower).__name__
    if not hasattr(tower, "token_embedding"):
        raise ModelError(
            f"prompt tuning needs a text tower of open_clip, got {kind} without "
            "token_embedding; use a CLIP model whose text tower is not from Hugging Face"
        )
    if getattr(tower, "cls_emb", None) is not None:
        raise ModelError(
            f"prompt tuning needs a text tower without an appended class token, got {kind} "
            "with cls_emb; use a CLIP model that is not CoCa"
        )
