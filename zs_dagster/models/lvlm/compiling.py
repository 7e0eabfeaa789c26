"""`torch.compile` around the language model, where it works."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import torch

from zs_dagster.models.lvlm.untyped import Model

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Every length is compiled anew, which takes longer than a short video, and the questions of
# two videos are seldom of one length. Rounded up, many are.
LENGTH_MULTIPLE = 64


class CompiledDecoder:
    """Compiles the decoder for fixed shapes, and leaves it as it was where that fails.

    Only the decoder: around it, models scatter image features by content, which no graph of
    fixed shapes can hold.
    """

    def __init__(self, model: Model, backend: str | Callable[..., Any] = "inductor") -> None:
        self._decoder = model.get_decoder()
        self._plain = self._decoder.forward
        self._compiled = torch.compile(self._plain, backend=backend, dynamic=False)
        self.is_given_up = False

    def run(self, forward: Callable[[], T]) -> T:
        """Run something that calls the model, its decoder compiled; plainly if that fails."""
        from torch._dynamo.exc import TorchDynamoException

        if not self.is_given_up:
            self._decoder.forward = self._compiled
            try:
                return forward()
            except TorchDynamoException as error:
                self.give_up(error)
            finally:
                self._decoder.forward = self._plain
        # From the start: the attempt may have filled half a cache.
        return forward()

    def give_up(self, why: object) -> None:
        """Run plainly from now on, and say so."""
        reason = " ".join(str(why).split())[:300]
        logger.warning("the language model runs uncompiled: %s", reason)
        self.is_given_up = True
