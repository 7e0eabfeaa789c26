"""How many frames and questions go into one forward pass."""

import logging
import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

from zs_dagster.models.devices import free_bytes
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.prefix import MAX_ROWS
from zs_dagster.models.lvlm.untyped import Model

logger = logging.getLogger(__name__)

# So many tokens keep a device busy; more take memory and let the pipeline wait. A 7B model
# needs 6 GB of activations for them on a GPU.
_MAX_TOKENS = {"cuda": 32_768, "cpu": 4_096}
# Packed questions are compared with each other, in vain: for so many tokens that adds an eighth
# to a 7B decoder, and to read an image of 1500 tokens again for each such group a good third.
# By this arithmetic twice as many would save 4 % of all and take three times the mask.
_MAX_TEXT_TOKENS = 4_096
# So many questions are put together whatever they take, until memory does run out.
_FEW = 20
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


def bytes_per_pair(model: Model) -> int:
    """Estimate what a mask takes for each pair of tokens, while it is written.

    That is the mask itself, and three tables of what may see what.
    """
    itemsize: int = model.dtype.itemsize
    return itemsize + 3


class Size(NamedTuple):
    """What goes into one forward: frames, and questions about each of them."""

    frames: int
    questions: int


class BatchSize:
    """Frames and questions per forward: as many as fit; fewer once memory ran out."""

    def __init__(self, backend: Backend, asked: int | None) -> None:
        self._backend = backend
        self._asked = asked
        self._ceiling = Size(sys.maxsize, sys.maxsize)
        self._last: tuple[object, Size] | None = None

    def of(self, height: int, width: int, questions: Sequence[str]) -> Size:
        """Return the size, each >= 1, for frames of one size and their questions."""
        key = (height, width, tuple(questions), self._ceiling)
        # Free memory changes while a batch is on its way; the size shall not.
        if self._last is None or self._last[0] != key:
            self._last = (key, self._found(height, width, questions))
        return self._last[1]

    def lower(self, frames: int, questions: int) -> None:
        """Take note that so many questions about so many frames did not fit."""
        if frames > 1:
            what, had, left = "frames in a forward", frames, frames // 2
            self._ceiling = self._ceiling._replace(frames=left)
        else:
            what, had, left = "questions about one frame", questions, -(-questions // 2)
            self._ceiling = self._ceiling._replace(questions=left)
        logger.warning("out of memory with %d %s; %d from now on", had, what, left)

    def _found(self, height: int, width: int, questions: Sequence[str]) -> Size:
        image = self._backend.image_tokens(height, width, questions[0])
        lengths = [self._backend.prompts.count(question) for question in questions]
        free = int(free_bytes(str(self._backend.model.device)) * _SHARE)
        together = min(self._together(image, max(lengths), free), self._ceiling.questions)
        # Groups of one size: no small one is left over.
        number = -(-len(lengths) // together)
        together = -(-len(lengths) // number)
        starts = range(0, len(lengths), together)
        text = max(sum(lengths[start : start + together]) for start in starts)
        frames = self._asked or self._frames(image + text, together, free)
        return Size(min(frames, self._ceiling.frames), together)

    def _together(self, image: int, longest: int, free: int) -> int:
        """Return how many questions of a length share a forward behind one image."""
        model = self._backend.model
        token, pair = bytes_per_token(model, caches=1), bytes_per_pair(model)
        # L tokens take L * token + L**2 * pair bytes.
        affordable = (math.sqrt(token**2 + 4 * pair * free) - token) / (2 * pair)
        return max(_FEW, min(_MAX_TEXT_TOKENS, int(affordable) - image) // longest)

    def _frames(self, tokens: int, questions: int, free: int) -> int:
        model = self._backend.model
        # The mode that keeps most: one cache of the prefix, and a copy for every question.
        each = tokens * bytes_per_token(model, 1 + min(questions, MAX_ROWS))
        useful = _MAX_TOKENS.get(model.device.type, _MAX_TOKENS["cpu"]) // tokens
        return max(1, min(free // each, useful))
