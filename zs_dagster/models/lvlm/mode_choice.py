"""Which mode scores frames of a size; checked once for short and once for long prompts."""

import torch

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.modes import FAST_MODES, LONG_FAST_MODES, Mode
from zs_dagster.models.lvlm.selection import CHECK_QUESTIONS, Choice, choose_mode
from zs_dagster.models.lvlm.untyped import Model

# Attention under a mask also computes what a causal kernel skips. Where that is more than this
# share of the decoder, a second, small forward costs less: a 7B model at 3300 image tokens.
LONG_SHARE = 0.05
# Size of the synthetic frames when nothing has been scored yet, pixels.
_CHECK_SIZE = (240, 320)


class ModeChoice:
    """The mode that was asked for, or the fastest safe one for each length of prompt."""

    def __init__(self, backend: Backend, asked: Mode | None) -> None:
        self._backend = backend
        self._asked = asked
        self._choices: dict[bool, Choice] = {}
        self._last_size = _CHECK_SIZE

    @property
    def are_naive(self) -> bool:
        """Whether it is known that nothing needs to be prepared."""
        found = {choice.mode for choice in self._choices.values()}
        return self._asked == "naive" or found == {"naive"}

    def last(self) -> Choice:
        """Return the mode of the frames that were scored last."""
        return self.of(*self._last_size)

    def of(self, height: int, width: int) -> Choice:
        """Return the mode for frames of a size, after a check where there was none.

        Raises:
            ModelError: If the model gives NaN or infinity.
        """
        if self._asked is not None:
            return Choice(self._asked, "asked for, not checked")
        self._last_size = (height, width)
        tokens = self._backend.image_tokens(height, width, CHECK_QUESTIONS[0])
        is_long = masked_share(self._backend.model, tokens) > LONG_SHARE
        if is_long not in self._choices:
            order = LONG_FAST_MODES if is_long else FAST_MODES
            with torch.inference_mode():
                self._choices[is_long] = choose_mode(self._backend, height, width, order)
        return self._choices[is_long]


def masked_share(model: Model, tokens: int) -> float:
    """Estimate the half of attention that only a mask computes, as a share of the decoder.

    A token costs two operations per weight and, in every layer, four times the width of
    attention for each token that it is compared with; a causal kernel skips half of those.
    """
    text, decoder = model.config.get_text_config(), model.get_decoder()
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    width = text.num_attention_heads * size
    embeddings = decoder.get_input_embeddings().weight.numel()
    weights = sum(part.numel() for part in decoder.parameters()) - embeddings
    share: float = text.num_hidden_layers * width * tokens / weights
    return share
