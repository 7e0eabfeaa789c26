"""From frames and questions to what the model reads: chat template, pixels, token ids."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.lvlm.images import Medium
from zs_dagster.models.lvlm.untyped import Inputs, Processor
from zs_dagster.models.protocols import FrameArray


class Prompts:
    """The processor of one model, asked one yes/no question about one image at a time.

    The image comes first, so that all questions about a frame share a prefix.
    """

    def __init__(
        self,
        processor: Processor,
        medium: Medium = "image",
        device: torch.device | str = "cpu",
    ) -> None:
        """Wrap a processor.

        Args:
            processor: Of the model; its image processor must be the one of torchvision.
            medium: What a frame is handed over as; ``video`` makes each a video of one frame.
            device: Where pixels are resized and normalised.
        """
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._medium = medium
        self._device = torch.device(device)
        self._image_id = _media_token_id(processor, medium)
        self._control = _control_tokens(processor)

    def check(self, questions: Sequence[str]) -> None:
        """Refuse what would not reach the model as plain text.

        Raises:
            InputError: If a question is empty, spells a control token of the model, or the
                questions are one text.
        """
        if isinstance(questions, str):
            raise InputError(f"questions must be a list of texts, got one text {questions!r}")
        for question in questions:
            if not question.strip():
                raise InputError(f"a question must have text, got {question!r}")
            found = sorted(token for token in self._control if token in question)
            if found:
                raise InputError(
                    f"a question must not contain control tokens of the model, got "
                    f"{found[0]!r} in {question!r}; rename the class or rewrite the question"
                )

    def render(self, question: str) -> str:
        """Write the chat prompt of one question, the image as a placeholder.

        Raises:
            ModelError: If the chat template leaves the question out; it would do so silently.
        """
        text: str = self._processor.apply_chat_template(
            _conversation(question, self._medium), add_generation_prompt=True, tokenize=False
        )
        if question.strip() not in text:
            raise ModelError(
                f"the chat template must write the question, got the prompt {text!r}; "
                "the template does not fit this processor"
            )
        return text

    def whole(self, frame: FrameArray, question: str) -> Inputs:
        """Prepare one frame ``(H, W, 3)`` and one question exactly as the library does it."""
        image = Image.fromarray(frame)
        medium: dict[str, Any] = {self._medium: [image] if self._medium == "video" else image}
        return self._processor.apply_chat_template(
            _conversation(question, self._medium, medium),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"device": self._device},
        )

    def batch(self, frames: FrameArray, text: str) -> Inputs:
        """Prepare N frames ``(N, H, W, 3)`` under one rendered prompt, without PIL."""
        pixels = torch.from_numpy(np.require(frames, requirements=["C", "W"]))
        if self._device.type == "cuda":
            pixels = pixels.pin_memory().to(self._device, non_blocking=True)
        images = pixels.permute(0, 3, 1, 2)
        is_video = self._medium == "video"
        media = (
            {"videos": list(images[:, None])} if is_video else {"images": [[i] for i in images]}
        )
        # A template that writes the start token itself must not get a second one.
        start = self._tokenizer.bos_token
        return self._processor(
            text=[text] * len(frames),
            **media,
            device=self._device,
            return_tensors="pt",
            add_special_tokens=not (start and text.startswith(start)),
        )

    def text_of(self, token: int) -> str:
        """Return a token as the vocabulary writes it, different for every id."""
        text: str = self._tokenizer.convert_ids_to_tokens(token)
        return text

    def count(self, question: str) -> int:
        """Count the text tokens of the prompt of one question, and its image as one."""
        ids = self._tokenizer(self.render(question), add_special_tokens=False)["input_ids"]
        return len(ids)

    def splice(self, row: Sequence[int], texts: Sequence[str]) -> list[list[int]]:
        """Write the token ids of every prompt without touching the pixels again.

        Args:
            row: Ids the processor made for ``texts[0]``, image tokens expanded.
            texts: Q rendered prompts.

        Returns:
            Q sequences: the row up to its image, then the tokens of each question.

        Raises:
            ModelError: If the pieces do not add up to what the processor made.
        """
        pieces = [self._around_image(text) for text in texts]
        before, after = pieces[0]
        cut = len(row) - len(after)
        if any(piece[0] != before for piece in pieces) or list(row[cut:]) != after:
            raise ModelError(
                "the prompts of one frame must agree up to the image, and this chat template "
                "or tokenizer does not keep to it; use mode 'naive'"
            )
        return [[*row[:cut], *piece[1]] for piece in pieces]

    def _around_image(self, text: str) -> tuple[list[int], list[int]]:
        """Split at the placeholder, tokenised in place: context may change the tokens."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if self._image_id is None or ids.count(self._image_id) != 1:
            raise ModelError(
                "a prompt must hold exactly one image placeholder to share its image between "
                "questions, and this chat template writes none or several; use mode 'naive'"
            )
        place = ids.index(self._image_id)
        return ids[:place], ids[place + 1 :]


def _conversation(
    question: str, medium: Medium, content: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    # Some templates read the text of a chunk from "content", the others from "text".
    text = {"type": "text", "text": question, "content": question}
    return [{"role": "user", "content": [{"type": medium, **(content or {})}, text]}]


def _media_token_id(processor: Processor, medium: Medium) -> int | None:
    token = getattr(processor, f"{medium}_token", None)
    found: int | None = (
        None if token is None else processor.tokenizer.convert_tokens_to_ids(token)
    )
    return found


def _control_tokens(processor: Processor) -> set[str]:
    added = processor.tokenizer.added_tokens_decoder.values()
    media = (getattr(processor, f"{kind}_token", None) for kind in ("image", "video"))
    found = {token.content for token in added if token.special} | {t for t in media if t}
    # A special token of blanks would forbid every question.
    return {token for token in found if token.strip()}
