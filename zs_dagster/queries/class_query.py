"""What is asked about a class, and who can write it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from zs_dagster.digests import digest
from zs_dagster.errors import QueryError
from zs_dagster.store import Store

KIND = "class_queries"
PROMPT = "This is a frame from a video of {name}. {question} Only answer yes or no."


@dataclass(frozen=True)
class ClassQuery:
    """Two yes/no questions, answerable from one frame, and a description of a class.

    Attributes:
        label: Exact class label of the dataset.
        prompt_name: The class as it is written in prompts.
        start_question: About the first moments of the action.
        end_question: About its last moments; a different one.
        description: What the action looks like, one short sentence without adverbs.
        source: Who wrote it.
    """

    label: str
    prompt_name: str
    start_question: str
    end_question: str
    description: str
    source: str

    def __post_init__(self) -> None:
        empty = [name for name, text in asdict(self).items() if not text.strip()]
        if empty:
            raise QueryError(f"class '{self.label}': {empty[0]} must not be empty; write one")
        if self.start_question == self.end_question:
            raise QueryError(
                f"class '{self.label}': start and end question must differ, "
                f"got '{self.start_question}' twice"
            )

    def prompts(self) -> tuple[str, str]:
        """Return the start and the end prompt (ZEAL, arXiv:2410.14340, section 3)."""
        return (
            PROMPT.format(name=self.prompt_name, question=self.start_question),
            PROMPT.format(name=self.prompt_name, question=self.end_question),
        )


class QueryWriter(Protocol):
    """Writes the questions of a class: a bank of written ones, or an LLM."""

    def key(self, label: str) -> str:
        """Return the digest of what decides the answer: class, prompt version, source."""

    def write(self, label: str) -> ClassQuery:
        """Write the query of one class; raises `QueryError` naming the class."""


def cached_queries(
    writer: QueryWriter, labels: Sequence[str], store: Store
) -> tuple[list[ClassQuery], int]:
    """Return the queries of all labels, asking the writer only for those not cached.

    Returns:
        The queries in the order of the labels, and how many were written anew.
    """
    queries, written = [], 0
    for label in labels:
        key = digest(KIND, writer.key(label))
        document = store.load_document(KIND, key)
        if document is None:
            document = asdict(writer.write(label))
            store.save_document(KIND, key, document)
            written += 1
        queries.append(ClassQuery(**document))
    return queries, written
