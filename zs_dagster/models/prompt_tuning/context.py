"""Prompts of all classes that share one context, whose embeddings can be replaced.

Source: CoOp (arXiv:2109.01134); the context is as many vectors as its words have tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.prompt_tuning.text_tower import TextTower


class Tokenize(Protocol):
    """A tokenizer of open_clip."""

    def __call__(self, texts: list[str], /, *, context_length: int) -> Tensor:
        """Return ids ``(N, context_length)``, cut or padded to that length."""


@dataclass(frozen=True)
class Prompts:
    """Token ids of one prompt per class, and where the context stands in them.

    Attributes:
        ids: Shape ``(K, S)``, no longer than the tower needs.
        start: Position of the first token of the context.
        end: Position after the last one.
    """

    ids: Tensor
    start: int
    end: int

    def inject(self, embeddings: Tensor, context: Tensor) -> Tensor:
        """Return ``(N, S, W)`` embeddings with the ``(L, W)`` context put in its place."""
        rows = context.to(embeddings.dtype).expand(len(embeddings), -1, -1)
        return torch.cat([embeddings[:, : self.start], rows, embeddings[:, self.end :]], dim=1)


def build_prompts(
    tower: TextTower,
    tokenize: Tokenize,
    class_names: Sequence[str],
    ctx_init: str,
    suffix: str,
) -> Prompts:
    """Write ``{ctx_init} {class name}{suffix}`` for each class, underscores as spaces.

    Raises:
        InputError: If there is no class, or a blank one.
        ModelError: If a prompt is longer than the tower takes, or the tokenizer does not keep
            the context apart from the name.
    """
    if not class_names or not all(name.strip() for name in class_names):
        raise InputError(f"class names must be given and not blank, got {list(class_names)}")
    texts = [f"{ctx_init} {name.replace('_', ' ')}{suffix}" for name in class_names]
    ids = tokenize(["", ctx_init, *texts], context_length=tower.length)
    wide = tokenize(["", ctx_init, *texts], context_length=tower.length + 1)
    _check_length(ids, wide, [ctx_init, ctx_init, *class_names])
    _check_names(ids, class_names)
    start, end = _slot(ids, ctx_init)
    prompts = ids[2:].to(tower.device)
    return Prompts(prompts[:, : tower.useful_length(prompts)], start, end)


def _check_length(ids: Tensor, wide: Tensor, names: Sequence[str]) -> None:
    """Refuse texts that one more place would have changed: they were cut."""
    limit = ids.shape[1]
    padding = wide[0, -1]  # Of the empty text.
    is_whole = (wide[:, :limit] == ids).all(dim=1) & (wide[:, -1] == padding)
    if not bool(is_whole.all()):
        name = names[int(is_whole.int().argmin())]
        raise ModelError(
            f"a prompt must have at most {limit} tokens, got more for '{name[:60]}'; "
            "shorten the class name or ctx_init"
        )


def _check_names(ids: Tensor, class_names: Sequence[str]) -> None:
    is_lost = (ids[2:] == ids[1]).all(dim=1)
    if bool(is_lost.any()):
        name = class_names[int(is_lost.int().argmax())]
        raise ModelError(
            f"a class name must change the prompt, got '{name[:60]}', which the tokenizer "
            "drops; use words"
        )


def _slot(ids: Tensor, ctx_init: str) -> tuple[int, int]:
    """Find the context in rows of ids: the empty text, the context alone, the prompts.

    It starts where the context alone departs from the empty text, so after a start token if
    there is one, and ends where the prompts depart from the context alone.
    """
    empty, alone = ids[0], ids[1]
    start = _common_prefix(empty[None], alone)
    end = _common_prefix(ids[2:], alone)
    # What follows the context alone is what follows nothing: an end token or padding.
    if end <= start or int(alone[end]) != int(empty[start]):
        raise ModelError(
            f"the tokenizer must keep ctx_init apart from class names, got '{ctx_init}' joined "
            "with them or without a token of its own; use other words"
        )
    return start, end


def _common_prefix(rows: Tensor, reference: Tensor) -> int:
    is_shared = (rows == reference).all(dim=0)
    return int(is_shared.int().cumprod(dim=0).sum())
