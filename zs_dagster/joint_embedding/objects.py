"""Objects in a video by their names: the concepts of a vocabulary nearest to its frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import IntArray
from zs_dagster.similarity import cosine_similarity, normalised

FOR_TRAINING = 5  # published: objects per segment whose texts may become positives
FOR_INFERENCE = 3  # published: objects per video whose texts describe it


@dataclass(frozen=True)
class Concept:
    """A thing that may be seen.

    Attributes:
        name: "horse".
        gloss: What it is, in words; may be empty.
    """

    name: str
    gloss: str = ""

    @property
    def text(self) -> str:
        """Name and gloss as a sentence."""
        gloss = self.gloss.rstrip(". ")
        return f"{self.name}: {gloss}." if gloss else f"{self.name}."


def read_concepts(lines: Iterable[str]) -> list[Concept]:
    """Read a vocabulary: a line each, name and gloss apart by a tab; empty lines are skipped.

    Raises:
        InputError: If there is no concept, one has no name, or a name comes twice; with its
            line.
    """
    found: dict[str, Concept] = {}
    for number, line in enumerate(lines, start=1):
        name, _, gloss = (part.strip() for part in line.partition("\t"))
        if not name and not gloss:
            continue
        if not name or name in found:
            raise InputError(
                f"line {number} of the vocabulary must begin with a name of its own, got "
                f"{name!r}"
            )
        found[name] = Concept(name, gloss)
    if not found:
        raise InputError("the vocabulary must have at least one concept, got none")
    return list(found.values())


def pooled(frames: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean direction ``(D,)`` of un-normalised frame features ``(T, D)``."""
    mean: NDArray[np.float64] = normalised(frames).mean(axis=0)
    return mean


def top_concepts(
    videos: NDArray[Any], concepts: NDArray[Any], k: int = FOR_TRAINING
) -> IntArray:
    """Return the concepts nearest to each video, nearest first.

    Args:
        videos: Shape ``(N, D)``, pooled frame features.
        concepts: Shape ``(C, D)``, text features of the vocabulary.
        k: >= 1; all if there are fewer. Ties keep the order of the vocabulary.

    Returns:
        Shape ``(N, min(k, C))``.

    Raises:
        InputError: If ``k`` is below 1.
    """
    if k < 1:
        raise InputError(f"the number of objects must be >= 1, got {k}")
    cosine = cosine_similarity(videos, concepts)
    nearest: IntArray = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    return nearest


def object_text(vocabulary: Sequence[Concept], places: Sequence[int] | IntArray) -> str:
    """Return names and glosses of some concepts as one text."""
    return " ".join(vocabulary[place].text for place in places)
