"""What the texts of a class must be like, whoever wrote them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from zs_dagster.queries.adverbs import adverbs

Rule = Literal[
    "question mark", "yes or no", "length", "adverb", "timing", "same question", "shared"
]
YES_NO = frozenset({"is", "are", "does", "do", "has", "have", "can"})
QUESTION_WORDS = (3, 35)
DESCRIPTION_WORDS = (3, 35)  # CLIP reads 77 tokens, some 50 words.
# What one frame cannot show: what was, and what comes.
TIMING = re.compile(
    r"\b(about to|going to|ready to|preparing to|(?:begin|start)(?:s|ning|ing)? to|"
    r"finished|finishing|after)\b",
    re.IGNORECASE,
)
# Words that make no difference to what is asked.
IDLE = YES_NO | {"a", "an", "the", "this", "that", "of"}


@dataclass(frozen=True)
class Problem:
    """A rule that a text breaks.

    Attributes:
        field: Which text of the class.
        rule: Name of the rule.
        reason: What must hold, and what was found.
    """

    field: str
    rule: Rule
    reason: str

    @property
    def sentence(self) -> str:
        """Return both in words."""
        return f"{self.field} {self.reason}"


def problems(
    start_question: str,
    end_question: str,
    description: str,
    middle_question: str | None = None,
) -> list[Problem]:
    """Return every rule that the texts of one class break.

    ZEAL (arXiv:2410.14340, section 3.1) asks for yes/no questions and for a description
    without adverbs; the bounds and the rest are ours.
    """
    questions = {"start_question": start_question, "end_question": end_question}
    if middle_question is not None:
        questions["middle_question"] = middle_question
    found = [p for field, text in questions.items() for p in _question(field, text)]
    if content_words(start_question) == content_words(end_question):
        reason = f"must ask something else than start_question, got '{end_question}'"
        found.append(Problem("end_question", "same question", reason))
    found += _length("description", description, DESCRIPTION_WORDS)
    return [*found, *_adverbs("description", description)]


def content_words(question: str) -> tuple[str, ...]:
    """Return what a question is about: words in order, without articles, plurals and tenses."""
    words = re.findall(r"[^\W_]+", question.casefold())
    return tuple(_stem(word) for word in words if word not in IDLE)


def _question(field: str, text: str) -> Iterator[Problem]:
    if not text.rstrip().endswith("?"):
        yield Problem(field, "question mark", f"must end with '?', got '{text}'")
    first = text.split(maxsplit=1)[0].casefold() if text.strip() else ""
    if first not in YES_NO:
        words = ", ".join(sorted(YES_NO))
        yield Problem(field, "yes or no", f"must begin with one of {words}, got '{text}'")
    yield from _length(field, text, QUESTION_WORDS)
    yield from _adverbs(field, text)
    for phrase in TIMING.findall(text):
        reason = f"must be answered by one frame, got '{phrase.casefold()}' in '{text}'"
        yield Problem(field, "timing", reason)


def _length(field: str, text: str, bounds: tuple[int, int]) -> Iterator[Problem]:
    (low, high), count = bounds, len(text.split())
    if not low <= count <= high:
        reason = f"must have {low} to {high} words, got {count}: '{text:.200}'"
        yield Problem(field, "length", reason)


def _adverbs(field: str, text: str) -> Iterator[Problem]:
    for word in adverbs(text):
        yield Problem(field, "adverb", f"must have no adverb, got '{word}' in '{text}'")


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word
