"""Sentences of a class, cleaned and chosen: each becomes a prototype in the joint space."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.similarity import cosine_similarity

MIN_WORDS = 3
MAX_WORDS = 300
DEFAULT_SENTENCES = 1
# In this order. "'s" and "'d" mean several things each; "'s" is written out after some words.
CONTRACTIONS = (
    (r"\b(it|he|she|that|this|there|here|what|who|where|how)'s\b", r"\1 is"),
    (r"\blet's\b", "let us"),
    (r"\bcan't\b", "cannot"),
    (r"\bwon't\b", "will not"),
    (r"\bshan't\b", "shall not"),
    (r"\bi'm\b", "i am"),
    (r"n't\b", " not"),
    (r"'re\b", " are"),
    (r"'ve\b", " have"),
    (r"'ll\b", " will"),
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_OTHER = re.compile(r"[^a-z.,?!]+")


@dataclass(frozen=True)
class ClassSentences:
    """What a class is recognised by.

    Attributes:
        sentences: At least one, best first.
        is_short: Whether there are fewer than asked for.
        is_name: Whether there was none, so that the name of the class stands in.
    """

    sentences: tuple[str, ...]
    is_short: bool
    is_name: bool


def clean_sentences(
    texts: Sequence[str], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> list[str]:
    """Split texts into plain sentences.

    Contractions are written out, accents dropped, and only the letters a to z and ``. , ? !``
    kept, in lower case.

    Args:
        texts: Descriptions of one class, each of one or more sentences.
        min_words: Shorter sentences are left out, >= 1.
        max_words: Longer ones are cut.

    Returns:
        Different sentences, in order.

    Raises:
        InputError: If the limits are no limits.
    """
    if not 1 <= min_words <= max_words:
        raise InputError(
            f"min_words must be >= 1 and at most max_words, got {min_words} and {max_words}"
        )
    cleaned = [plain(one).split() for text in texts for one in _SENTENCE_END.split(text)]
    kept = (" ".join(words[:max_words]) for words in cleaned if _count(words) >= min_words)
    return list(dict.fromkeys(kept))


def plain(sentence: str) -> str:
    """Return a sentence in lower case, of a to z and ``. , ? !`` alone, contractions out."""
    text = sentence.replace("\u2019", "'").replace("\u2018", "'").lower()
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    for short, long in CONTRACTIONS:
        text = re.sub(short, long, text)
    return " ".join(_OTHER.sub(" ", text).split())


def choose_sentences(
    sentences: Sequence[str],
    features: NDArray[Any],
    name: str,
    name_feature: NDArray[Any],
    keep: int = DEFAULT_SENTENCES,
) -> ClassSentences:
    """Keep the sentences nearest to the name of their class.

    Args:
        sentences: P cleaned sentences; none is allowed.
        features: Shape ``(P, S)``, un-normalised sentence features.
        name: Of the class; stands in where there is no sentence.
        name_feature: Shape ``(S,)``, its feature.
        keep: How many at most, >= 1. Ties keep their order.

    Raises:
        InputError: If there is not one feature per sentence, or ``keep`` is below 1.
    """
    if len(features) != len(sentences) or keep < 1:
        raise InputError(
            f"class '{name}' needs one feature for each of {len(sentences)} sentences and must "
            f"keep >= 1, got {len(features)} and {keep}"
        )
    if not sentences:
        return ClassSentences((name,), is_short=True, is_name=True)
    cosine = cosine_similarity(name_feature[None], features)[0]
    order = np.argsort(-cosine, kind="stable")[:keep]
    chosen = tuple(sentences[place] for place in order)
    return ClassSentences(chosen, is_short=len(chosen) < keep, is_name=False)


def _count(words: Sequence[str]) -> int:
    return sum(any(letter.isalpha() for letter in word) for word in words)
