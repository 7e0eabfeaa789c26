"""How many frames go into one forward pass."""

import logging
from collections.abc import Sequence

from zs_dagster.models.devices import free_bytes
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.prefix import MAX_ROWS
from zs_dagster.models.lvlm.untyped import Model

logger = logging.getLogger(__name__)

# So many tokens keep a device busy; more take memory and let the pipeline wait. A 7B model
# needs 6 GB of activations for them on a GPU.
_MAX_TOKENS = {"cuda": 32_768, "cpu": 4_096}
# The estimate is rough, and others use the memory as well.
_SHARE = 0.5
# Rows a layer holds for a token at once, of hidden size: residual, norm, queries, keys, values
# and their rotations, attention output; of MLP size: gate, up and their product.
_HIDDEN_ROWS, _MLP_ROWS = 8, 3


def bytes_per_token(model: Model, caches: int) -> int:
    """Estimate what one token takes in the decoder, the larger part of a model.

    Args:
        model: Tells sizes and number type.
        caches: Key-value caches alive at once.
    """
    text = model.config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cache = 2 * text.num_hidden_layers * heads * size
    rows = _HIDDEN_ROWS * text.hidden_size + _MLP_ROWS * text.intermediate_size
    itemsize: int = model.dtype.itemsize
    found: int = itemsize * (rows + caches * cache)
    return found


class BatchSize:
    """Frames per forward: as asked for, or as many as fit; fewer once memory ran out."""

    def __init__(self, backend: Backend, asked: int | None) -> None:
        self._backend = backend
        self._asked = asked
        self._ceiling: int | None = None
        self._last: tuple[object, int] | None = None

    def frames(self, height: int, width: int, questions: Sequence[str]) -> int:
        """Return the number of frames, >= 1, for frames of one size and their questions."""
        key = (height, width, tuple(questions), self._ceiling)
        # Free memory changes while a batch is on its way; the size shall not.
        if self._last is None or self._last[0] != key:
            self._last = (key, self._found(height, width, questions))
        return self._last[1]

    def lower(self, frames: int) -> None:
        """Take note that so many frames did not fit."""
        self._ceiling = max(1, frames // 2)
        logger.warning(
            "out of memory with %d frames in a forward; %d from now on", frames, self._ceiling
        )

    def _found(self, height: int, width: int, questions: Sequence[str]) -> int:
        most = self._asked or self._fitting(height, width, questions)
        return most if self._ceiling is None else min(most, self._ceiling)

    def _fitting(self, height: int, width: int, questions: Sequence[str]) -> int:
        image = self._backend.image_tokens(height, width, questions[0])
        tokens = image + sum(map(self._backend.prompts.count, questions))
        model = self._backend.model
        # The mode that keeps most: one cache of the prefix, and a copy for every question.
        each = tokens * bytes_per_token(model, 1 + min(len(questions), MAX_ROWS))
        affordable = int(free_bytes(str(model.device)) * _SHARE) // each
        useful = _MAX_TOKENS.get(model.device.type, _MAX_TOKENS["cpu"]) // tokens
        return max(1, min(affordable, useful))
