"""The loaded model as the modes use it: shared preparation, decoder, rows of the head."""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.lvlm.compiling import LENGTH_MULTIPLE, CompiledDecoder
from zs_dagster.models.lvlm.masks import Mask, decoder_mask
from zs_dagster.models.lvlm.plan import Plan, shared_length
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.streams import SideStream
from zs_dagster.models.lvlm.tokens import AnswerTokens
from zs_dagster.models.lvlm.untyped import Inputs, Model

T = TypeVar("T")

# A mask of 7000 tokens takes 200 MB, and a video needs one plan.
_MAX_PLANS = 4


class Backend:
    """A model in evaluation mode, its prompts and its answer tokens."""

    def __init__(
        self,
        model: Model,
        prompts: Prompts,
        answers: AnswerTokens,
        compiled: CompiledDecoder | None = None,
    ) -> None:
        self.model = model
        self.prompts = prompts
        self.answers = answers
        self.compiled = compiled
        self._plans: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
        self._masks: WeakKeyDictionary[Plan, dict[int, Mask]] = WeakKeyDictionary()
        # Batches are prepared in one thread and, if they must be split, in another.
        self._lock = Lock()
        self._stream = SideStream(model.device)
        self._image_tokens: dict[tuple[int, int], int] = {}

    @property
    def name(self) -> str:
        """Class and number type, for messages."""
        return f"{type(self.model).__name__} ({str(self.model.dtype).removeprefix('torch.')})"

    def image_tokens(self, height: int, width: int, question: str) -> int:
        """Count the image tokens of a frame of one size; any question will do."""
        size = (height, width)
        if size not in self._image_tokens:
            blank = np.zeros((1, height, width, 3), dtype=np.uint8)
            batch = self.prompts.batch(blank, self.prompts.render(question))
            row = batch["input_ids"].shape[1]
            # The placeholder is counted with the text.
            self._image_tokens[size] = row - self.prompts.count(question) + 1
        return self._image_tokens[size]

    def prepare(self, batch: Batch) -> Batch:
        """Process the pixels of N frames once and plan their Q questions.

        Raises:
            ModelError: If the questions of a frame cannot share its image.
        """
        with torch.inference_mode(), self._stream.used():
            return replace(batch, prepared=self._read(batch))

    def _read(self, batch: Batch) -> tuple[Inputs, Plan]:
        texts = [self.prompts.render(question) for question in batch.questions]
        inputs = self.prompts.batch(batch.frames, texts[0])
        rows = inputs["input_ids"]
        if not bool((rows == rows[:1]).all()):
            raise ModelError(
                f"frames of one size must take the same image tokens, and {self.name} lays "
                "them out by content; use mode 'naive'"
            )
        plan = self._plan(inputs, texts)
        return self._moved(inputs), plan

    def prepared(self, batch: Batch) -> tuple[Inputs, Plan]:
        """Give the inputs and the plan of a batch, preparing it now if need be."""
        return batch.prepared or self.prepared(self.prepare(batch))

    def run(self, forward: Callable[[], T], *, compiled: bool = True) -> T:
        """Call something that runs the model; compiled, if the model was loaded for that."""
        with torch.inference_mode():
            return self.compiled.run(forward) if self.compiled and compiled else forward()

    def hidden(
        self, inputs: Inputs, ids: torch.Tensor, positions: torch.Tensor, **how: object
    ) -> torch.Tensor:
        """Run image encoder and decoder on token ids ``(n,)`` for every frame of the batch.

        Args:
            inputs: What `prepare` made of N frames.
            ids: The same tokens for all frames; the image tokens come first.
            positions: Their positions, ``(n,)`` or ``(3, n)``.
            how: Mask or cache, as the model takes them.

        Returns:
            Last hidden states, ``(N, n, D)``.
        """
        count = len(inputs["input_ids"])
        rows = ids.expand(count, -1)
        images = _image_inputs(inputs, rows.shape[1])
        place = spread(positions, count)
        output = self.model.model(input_ids=rows, position_ids=place, **images, **how)
        hidden: torch.Tensor = output.last_hidden_state
        return hidden

    def scored(self, hidden: torch.Tensor) -> Scored:
        """Read the answers off their last hidden states ``(N, Q, D)``.

        Only the few rows of the head that spell an answer are multiplied: the full head
        costs a twelfth of a 7B model and holds 150 000 logits per token.
        """
        head = self.model.get_output_embeddings()
        bias = getattr(head, "bias", None)
        rows = head.weight[self.answers.ids].float()
        shift = None if bias is None else bias[self.answers.ids].float()
        logits = torch.nn.functional.linear(hidden.float(), rows, shift)
        log_odds = self.answers.log_odds_of_rows(logits)
        first = hidden[0]
        return Scored(log_odds, lambda: float(self.answers.mass(head(first).float()).mean()))

    def mask(self, plan: Plan, start: int = 0) -> Mask:
        """Give the attention mask of a packed plan from a row on, written once per plan.

        Raises:
            ModelError: If a layer of the decoder carries a state no mask can split.
        """
        written = self._masks.setdefault(plan, {})
        if start not in written:
            written[start] = decoder_mask(plan, self.model, start)
        return written[start]

    def _plan(self, inputs: Inputs, texts: Sequence[str]) -> Plan:
        row = inputs["input_ids"][0].tolist()
        # M-RoPE numbers 2x3 and 3x2 patches differently, and both take six tokens.
        grid = inputs["image_grid_thw"][0].tolist() if "image_grid_thw" in inputs else []
        key = (tuple(texts), tuple(row), tuple(grid))
        with self._lock:
            if key not in self._plans:
                self._plans[key] = self._new_plan(inputs, self.prompts.splice(row, texts))
            self._plans.move_to_end(key)
            while len(self._plans) > _MAX_PLANS:
                self._plans.popitem(last=False)
            return self._plans[key]

    def _new_plan(self, inputs: Inputs, sequences: list[list[int]]) -> Plan:
        size = shared_length(sequences)
        positions = self._positions(inputs, max(sequences, key=len))
        plan = Plan(sequences[0][:size], [each[size:] for each in sequences], positions)
        return plan.filled_up(LENGTH_MULTIPLE) if self.compiled else plan

    def _moved(self, inputs: Inputs) -> Inputs:
        """Put all tensors where the model is, numbers in its type."""
        model, moved = self.model, {}
        for key, value in inputs.items():
            moved[key] = value
            if torch.is_tensor(value):
                dtype = model.dtype if value.is_floating_point() else None
                moved[key] = self._stream.hand_over(value.to(model.device, dtype))
        return moved

    def _positions(self, inputs: Inputs, ids: list[int]) -> torch.Tensor:
        """Number the tokens of one plain prompt: ``(n,)``, or ``(3, n)`` for M-RoPE."""
        rope_index = getattr(self.model.model, "get_rope_index", None)
        if rope_index is None:
            return torch.arange(len(ids), device=self.model.device)
        row = torch.tensor([ids])
        options = {"image_grid_thw": inputs["image_grid_thw"][:1].cpu()}
        if "mm_token_type_ids" in inspect.signature(rope_index).parameters:
            options["mm_token_type_ids"] = _fit(
                inputs["mm_token_type_ids"][:1].cpu(), row.shape[1]
            )
        positions: torch.Tensor = rope_index(row, **options)[0][:, 0]
        return self._stream.hand_over(positions.to(self.model.device))


def spread(positions: torch.Tensor, count: int) -> torch.Tensor:
    """Repeat ``(n,)`` or ``(3, n)`` positions for every row: ``(N, n)`` or ``(3, N, n)``."""
    return positions.unsqueeze(-2).expand(*positions.shape[:-1], count, -1)


def _fit(types: torch.Tensor, length: int) -> torch.Tensor:
    """Cut or extend token types to a length; what follows the image is text, type 0."""
    kept = types[:, :length]
    return torch.nn.functional.pad(kept, (0, length - kept.shape[1]))


def _image_inputs(inputs: Inputs, length: int) -> dict[str, Any]:
    """Everything the processor made besides ids and padding mask."""
    return {
        key: _fit(value, length) if key.endswith("token_type_ids") else value
        for key, value in inputs.items()
        if key not in ("input_ids", "attention_mask")
    }
