"""Features of all classes as a function of the context, and its derivative, in bounded memory.

The derivative is taken in two passes: the caller works out the slope of its loss with respect
to the features; then each chunk of classes is encoded again, with a graph, and its part of the
slope carried back to the context. The sum over chunks is the exact gradient.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from zs_dagster.models.prompt_tuning.context import Prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower

BUDGET_BYTES = 2 * 2**30
"""Most memory that a chunk may take besides the weights, by estimate."""

PEAK_TO_SAVED = 1.5
"""Memory at the peak of a chunk over what it saves for the backward pass; 1.45 measured."""


class ClassFeatures:
    """The text tower applied to the prompts of K classes.

    Args:
        tower: Its weights must be frozen: autograd keeps half as much again otherwise.
        prompts: Of the K classes.
        chunk: Classes per pass; ``auto`` fits `BUDGET_BYTES`.
    """

    def __init__(
        self, tower: TextTower, prompts: Prompts, chunk: int | Literal["auto"]
    ) -> None:
        self._tower = tower
        self._prompts = prompts
        self._chunk = auto_chunk(tower, prompts) if chunk == "auto" else chunk

    def initial_context(self) -> Tensor:
        """Return the embeddings ``(L, W)`` of the words of the context, float32."""
        prompts = self._prompts
        words = prompts.ids[0, prompts.start : prompts.end]
        return self._tower.embed(words).detach().float()

    @torch.no_grad()
    def encode(self, context: Tensor) -> Tensor:
        """Return the un-normalised features ``(K, D)``, float32, without a graph."""
        return torch.cat([self._encode(context, ids).float() for ids in self._chunks()])

    def pull_back(self, context: Tensor, slopes: Tensor) -> Tensor:
        """Return the gradient of a loss with respect to the context.

        Args:
            context: Where to differentiate, shape ``(L, W)``.
            slopes: Gradient of the loss with respect to what `encode` returns, ``(K, D)``.

        Returns:
            Shape ``(L, W)``, float32.
        """
        total = torch.zeros_like(context)
        parts = torch.split(slopes, self._chunk)
        for ids, slope in zip(self._chunks(), parts, strict=True):
            leaf = context.detach().requires_grad_()
            features = self._encode(leaf, ids)
            total += torch.autograd.grad(features, leaf, slope.to(features.dtype))[0]
        return total

    def pull_back_from_start(self, slopes: Tensor) -> Tensor:
        """Return what `pull_back` does at the initial context.

        Each video takes its first step from there. Where all classes fit one chunk they are
        encoded once, and the graph is kept for the slopes of the next video. Not for more
        than one step: the graphs of the others would come on top of it.
        """
        if len(self._chunks()) > 1:
            return self.pull_back(self.initial_context(), slopes)
        leaf, features = self._start
        slopes = slopes.to(features.dtype)
        gradient = torch.autograd.grad(features, leaf, slopes, retain_graph=True)[0]
        if not bool(gradient.isfinite().all()):
            del self._start  # What went wrong in it must not reach the next video.
        return gradient

    @cached_property
    def _start(self) -> tuple[Tensor, Tensor]:
        leaf = self.initial_context().requires_grad_()
        return leaf, self._encode(leaf, self._prompts.ids)

    def _chunks(self) -> Sequence[Tensor]:
        return torch.split(self._prompts.ids, self._chunk)

    def _encode(self, context: Tensor, ids: Tensor) -> Tensor:
        embeddings = self._prompts.inject(self._tower.embed(ids), context)
        return self._tower.encode(embeddings, ids)


def auto_chunk(tower: TextTower, prompts: Prompts, budget_bytes: int = BUDGET_BYTES) -> int:
    """Return how many classes fit the budget, at least one."""
    per_class = PEAK_TO_SAVED * tower.bytes_per_token * int(prompts.ids.shape[1])
    return max(1, int(budget_bytes / per_class))
