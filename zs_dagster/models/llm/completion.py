"""One answer of a language model and what it took."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Completion:
    """What came back.

    Attributes:
        text: The answer; empty where the model refused.
        model: Name of the model as it calls itself.
        prompt_tokens: Tokens read; ``None`` where nobody counted.
        answer_tokens: Tokens written; ``None`` where nobody counted.
    """

    text: str
    model: str
    prompt_tokens: int | None
    answer_tokens: int | None
