"""What the writing of questions asks of a language model, wherever that runs."""

from collections.abc import Mapping
from typing import Any, Protocol


class Completion(Protocol):
    """One answer and what it took."""

    @property
    def text(self) -> str:
        """The answer; empty where the model refused."""

    @property
    def model(self) -> str:
        """Name of the model as it calls itself, often more exact than the name asked for."""

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens read; ``None`` where nobody counted."""

    @property
    def answer_tokens(self) -> int | None:
        """Tokens written; ``None`` where nobody counted."""


class LanguageModel(Protocol):
    """Answers a text with a text. Must allow calls from several threads at once."""

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> Completion:
        """Answer with JSON that fits a JSON schema, as far as the model can be held to it.

        Raises:
            ModelError: If there is no answer to be had.
        """
