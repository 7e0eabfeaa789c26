"""What is asked about a class, and who can write it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from zs_dagster.errors import QueryError

KIND = "class_queries"
PROMPT = "This is a frame from a video of {name}. {question} Only answer yes or no."


@dataclass(frozen=True)
class ClassQuery:
    """Yes/no questions, each answerable from one frame, and a description of a class.

    Attributes:
        label: Exact class label of the dataset.
        prompt_name: The class as it is written in prompts.
        start_question: About the first moments of the action.
        end_question: About its last moments; a different one.
        description: What the action looks like, one short sentence without adverbs.
        source: Who wrote it.
        middle_question: About the moments between, if anybody wrote one; differs from both.
        provenance: How a language model was asked; empty for what people wrote.
    """

    label: str
    prompt_name: str
    start_question: str
    end_question: str
    description: str
    source: str
    middle_question: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        empty = [name for name, text in self.texts().items() if not text.strip()]
        if empty:
            raise QueryError(f"class '{self.label}': {empty[0]} must not be empty; write one")
        if self.start_question == self.end_question:
            raise QueryError(
                f"class '{self.label}': start and end question must differ, "
                f"got '{self.start_question}' twice"
            )
        if self.middle_question in (self.start_question, self.end_question):
            raise QueryError(
                f"class '{self.label}': the middle question must differ from start and end "
                f"question, got '{self.middle_question}' twice"
            )

    def texts(self) -> dict[str, str]:
        """Return every text there is, without the provenance."""
        given = {name: text for name, text in vars(self).items() if text is not None}
        return {name: text for name, text in given.items() if name != "provenance"}

    def row(self) -> dict[str, str | None]:
        """Return the row of the table: the texts, empty where there is none."""
        return {"middle_question": None, **self.texts()}

    def prompts(self) -> tuple[str, str]:
        """Return the start and the end prompt (ZEAL, arXiv:2410.14340, section 3)."""
        return (
            PROMPT.format(name=self.prompt_name, question=self.start_question),
            PROMPT.format(name=self.prompt_name, question=self.end_question),
        )

    def middle_prompt(self) -> str | None:
        """Return the middle prompt, or None where nobody wrote a middle question."""
        if self.middle_question is None:
            return None
        return PROMPT.format(name=self.prompt_name, question=self.middle_question)

    def asked(self, *, middle: bool) -> tuple[str, ...]:
        """Return the start and the end prompt, and the middle one if it is wanted and there."""
        between = self.middle_prompt() if middle else None
        return self.prompts() if between is None else (*self.prompts(), between)


class QueryWriter(Protocol):
    """Writes the questions of a class: a bank of written ones, or an LLM."""

    def key(self, label: str) -> str:
        """Return the digest of what decides the answer: class, prompt version, source."""

    def write(self, label: str) -> ClassQuery:
        """Write the query of one class; raises `QueryError` naming the class."""
