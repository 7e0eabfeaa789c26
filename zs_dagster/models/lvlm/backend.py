"""The loaded model as the modes use it: shared preparation, decoder, rows of the head."""

import inspect
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.masks import Mask, decoder_mask
from zs_dagster.models.lvlm.plan import Plan, shared_length
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.tokens import AnswerTokens
from zs_dagster.models.lvlm.untyped import Inputs, Model
from zs_dagster.models.protocols import FrameArray

# A mask of 7000 tokens takes 200 MB, and a video needs one plan.
_MAX_PLANS = 4


class Backend:
    """A model in evaluation mode, its prompts and its answer tokens."""

    def __init__(self, model: Model, prompts: Prompts, answers: AnswerTokens) -> None:
        self.model = model
        self.prompts = prompts
        self.answers = answers
        self._plans: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
        self._masks: WeakKeyDictionary[Plan, Mask] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """Class and number type, for messages."""
        return f"{type(self.model).__name__} ({str(self.model.dtype).removeprefix('torch.')})"

    def prepare(self, frames: FrameArray, questions: Sequence[str]) -> tuple[Inputs, Plan]:
        """Process the pixels of N frames once and plan their Q questions.

        Raises:
            ModelError: If the questions of a frame cannot share its image.
        """
        texts = [self.prompts.render(question) for question in questions]
        batch = self.prompts.batch(frames, texts[0])
        rows = batch["input_ids"]
        if not bool((rows == rows[:1]).all()):
            raise ModelError(
                f"frames of one size must take the same image tokens, and {self.name} lays "
                "them out by content; use mode 'naive'"
            )
        return batch, self._plan(batch, texts)

    def hidden(
        self, batch: Inputs, ids: torch.Tensor, positions: torch.Tensor, **how: object
    ) -> torch.Tensor:
        """Run image encoder and decoder on token ids ``(n,)`` for every frame of the batch.

        Args:
            batch: What `prepare` returned for N frames.
            ids: The same tokens for all frames; the image tokens come first.
            positions: Their positions, ``(n,)`` or ``(3, n)``.
            how: Mask or cache, as the model takes them.

        Returns:
            Last hidden states, ``(N, n, D)``.
        """
        count = len(batch["input_ids"])
        rows = ids.expand(count, -1)
        inputs = _image_inputs(batch, rows, self.model)
        place = spread(positions, count)
        output = self.model.model(input_ids=rows, position_ids=place, **inputs, **how)
        hidden: torch.Tensor = output.last_hidden_state
        return hidden

    def log_odds(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return log P(yes) - log P(no) of hidden states ``(..., D)``, in float32.

        Only the few rows of the head that spell an answer are multiplied: the full head
        costs a twelfth of a 7B model and holds 150 000 logits per token.
        """
        head = self.model.get_output_embeddings()
        bias = getattr(head, "bias", None)
        rows = head.weight[self.answers.ids].float()
        shift = None if bias is None else bias[self.answers.ids].float()
        logits = torch.nn.functional.linear(hidden.float(), rows, shift)
        return self.answers.log_odds_of_rows(logits)

    def mask(self, plan: Plan) -> Mask:
        """Give the attention mask of a packed plan, written once per plan.

        Raises:
            ModelError: If a layer of the decoder carries a state no mask can split.
        """
        if plan not in self._masks:
            self._masks[plan] = decoder_mask(plan, self.model)
        return self._masks[plan]

    def _plan(self, batch: Inputs, texts: Sequence[str]) -> Plan:
        row = batch["input_ids"][0].tolist()
        # M-RoPE numbers 2x3 and 3x2 patches differently, and both take six tokens.
        grid = batch["image_grid_thw"][0].tolist() if "image_grid_thw" in batch else []
        key = (tuple(texts), tuple(row), tuple(grid))
        if key not in self._plans:
            sequences = self.prompts.splice(row, texts)
            size = shared_length(sequences)
            positions = self._positions(batch, max(sequences, key=len))
            suffixes = [sequence[size:] for sequence in sequences]
            self._plans[key] = Plan(sequences[0][:size], suffixes, positions)
        self._plans.move_to_end(key)
        while len(self._plans) > _MAX_PLANS:
            self._plans.popitem(last=False)
        return self._plans[key]

    def _positions(self, batch: Inputs, ids: list[int]) -> torch.Tensor:
        """Number the tokens of one plain prompt: ``(n,)``, or ``(3, n)`` for M-RoPE."""
        rope_index = getattr(self.model.model, "get_rope_index", None)
        if rope_index is None:
            return torch.arange(len(ids), device=self.model.device)
        row = torch.tensor([ids])
        options = {"image_grid_thw": batch["image_grid_thw"][:1]}
        if "mm_token_type_ids" in inspect.signature(rope_index).parameters:
            options["mm_token_type_ids"] = _fit(batch["mm_token_type_ids"][:1], row.shape[1])
        positions: torch.Tensor = rope_index(row, **options)[0][:, 0]
        return positions.to(self.model.device)


def spread(positions: torch.Tensor, count: int) -> torch.Tensor:
    """Repeat ``(n,)`` or ``(3, n)`` positions for every row: ``(N, n)`` or ``(3, N, n)``."""
    return positions.unsqueeze(-2).expand(*positions.shape[:-1], count, -1)


def _fit(types: torch.Tensor, length: int) -> torch.Tensor:
    """Cut or extend token types to a length; what follows the image is text, type 0."""
    kept = types[:, :length]
    return torch.nn.functional.pad(kept, (0, length - kept.shape[1]))


def _image_inputs(batch: Inputs, rows: torch.Tensor, model: Model) -> dict[str, Any]:
    """Everything the processor made besides ids and padding mask, where the model wants it."""
    inputs = {}
    for key, value in batch.items():
        if key in ("input_ids", "attention_mask"):
            continue
        fitted = _fit(value, rows.shape[1]) if key.endswith("token_type_ids") else value
        if torch.is_tensor(fitted):
            fitted = fitted.to(
                model.device, model.dtype if fitted.is_floating_point() else None
            )
        inputs[key] = fitted
    return inputs
