"""Many questions about a frame in one row: what training runs instead of many prompts.

Each question sees the frame and itself only, so the answers equal those of separate prompts.
The attention below never builds the mask of the whole row, which would be mostly empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from zs_dagster.demo.training.patches import GRID
from zs_dagster.demo.training.untyped import Attention, LlavaModel, Processor

ATTENTION = "packed_questions"


@dataclass
class Layout:
    """Lengths of the row in work: prefix, number of questions, tokens of each."""

    prefix: int = 0
    questions: int = 0
    length: int = 0


class Packer:
    """Runs a LLaVA-OneVision on frames with several questions each.

    Args:
        model: The model; its language model computes packed rows from now on.
        processor: Its processor, for template and tokenizer.
    """

    def __init__(self, model: LlavaModel, processor: Processor) -> None:
        self._model = model
        self._tokenizer = processor.tokenizer
        self._layout = Layout()
        self._known: dict[str, list[int]] = {}
        message = [{"type": "image"}, {"type": "text", "text": "@"}]
        rendered = processor.apply_chat_template(
            [{"role": "user", "content": message}], add_generation_prompt=True
        )
        opening, rest = rendered.split("<image>")
        self._opening = self._tokens(opening)
        self._before, self._after = rest.split("@")
        ALL_ATTENTION_FUNCTIONS.register(ATTENTION, _make_attention(self._layout))
        model.model.language_model.config._attn_implementation = ATTENTION

    def word(self, word: str) -> int:
        """Return the token id of a word."""
        return int(self._tokenizer.convert_tokens_to_ids(word))

    def question(self, prompt: str) -> list[int]:
        """Return the token ids of a prompt from behind the image up to the answer."""
        if prompt not in self._known:
            self._known[prompt] = self._tokens(self._before + prompt + self._after)
        return self._known[prompt]

    def hidden(
        self, patches: torch.Tensor, questions: Sequence[Sequence[Sequence[int]]]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Read B frames with K questions each.

        Args:
            patches: ``(B, P, D)``, features of the tower.
            questions: B lists of K lists of token ids, of any length.

        Returns:
            Hidden states ``(B, K, L, D)`` and the index of the last token ``(B, K)``.
        """
        ids, last = _pad(questions, patches.device)
        batch, count, length = ids.shape
        embed = self._model.get_input_embeddings()
        opening = embed(torch.tensor(self._opening, device=patches.device))
        prefix = torch.cat([opening.expand(batch, -1, -1), self._image(patches)], 1)
        self._layout.prefix = prefix.shape[1]
        self._layout.questions, self._layout.length = count, length
        row = torch.cat([prefix, embed(ids.flatten(1))], 1)
        size = prefix.shape[1]
        place = torch.arange(size + length, device=patches.device)
        positions = torch.cat([place[:size], place[size:].repeat(count)])[None]
        states = self._model.model.language_model(
            inputs_embeds=row,
            # Four dimensions: taken as a ready mask, and ignored by the attention below.
            attention_mask=torch.zeros(1, 1, 1, 1, device=patches.device),
            position_ids=positions,
            use_cache=False,
        ).last_hidden_state
        return _unfold(states[:, size:], 1, (count, length)), last

    def logits(self, states: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """Return ``(B, K, V)`` at one token of each question, from the hidden states."""
        at = index[..., None, None].expand(-1, -1, 1, states.shape[-1])
        chosen: torch.Tensor = self._model.lm_head(states.gather(2, at)[:, :, 0])
        return chosen

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _image(self, patches: torch.Tensor) -> torch.Tensor:
        """Lay patches out as the library does: once whole, once as a tile with line ends."""
        tokens = self._model.model.multi_modal_projector(patches)
        newline = self._model.model.image_newline.to(tokens.dtype)
        grid = _unfold(tokens, 1, (GRID, GRID))
        ends = newline.expand(len(tokens), GRID, 1, -1)
        return torch.cat([tokens, torch.cat([grid, ends], 2).flatten(1, 2)], 1)


def _pad(
    questions: Sequence[Sequence[Sequence[int]]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    flat = [torch.tensor(tokens) for row in questions for tokens in row]
    ids = nn.utils.rnn.pad_sequence(flat, batch_first=True)
    last = torch.tensor([len(tokens) - 1 for tokens in flat])
    shape = (len(questions), len(questions[0]))
    return _unfold(ids, 0, shape).to(device), last.view(shape).to(device)


def _make_attention(layout: Layout) -> Attention:
    def attend(
        module: nn.Module,  # noqa: ARG001 - the library calls it with these
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,  # noqa: ARG001
        scaling: float,
        **_: object,
    ) -> tuple[torch.Tensor, None]:
        groups = query.shape[1] // key.shape[1]
        key, value = (x.repeat_interleave(groups, 1) for x in (key, value))
        return _packed_attention(layout, query * scaling, key, value), None

    return attend


def _packed_attention(
    layout: Layout, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> torch.Tensor:
    """Attend from ``(B, H, N, d)``: prefix to itself, each question to prefix and itself."""
    size = layout.prefix
    ahead, behind = (x[:, :, :size] for x in (key, value))
    prefix = _causal(query[:, :, :size], ahead).softmax(-1, query.dtype) @ behind
    shape = (layout.questions, layout.length)
    q, k, v = (_unfold(x[:, :, size:], 2, shape) for x in (query, key, value))
    to_prefix = _unfold(query[:, :, size:] @ ahead.transpose(-1, -2), 2, shape)
    weights = torch.cat([to_prefix, _causal(q, k)], -1).softmax(-1, query.dtype)
    seen = _unfold(weights[..., :size].flatten(2, 3) @ behind, 2, shape)
    answers = seen + weights[..., size:] @ v
    return torch.cat([prefix, answers.flatten(2, 3)], 2).transpose(1, 2).contiguous()


def _unfold(tensor: torch.Tensor, axis: int, sizes: tuple[int, int]) -> torch.Tensor:
    """Split one axis into two."""
    return tensor.reshape(*tensor.shape[:axis], *sizes, *tensor.shape[axis + 1 :])


def _causal(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    scores = query @ key.transpose(-1, -2)
    ones = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device)
    return scores.masked_fill(ones.triu(1), float("-inf"))
