"""Positive expansion: sentences about what is seen that fit the caption of a segment."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.similarity import cosine_similarity

MIN_WORDS = 6  # published: more than five
MAX_WORDS = 20
DEFAULT_POSITIVES = 2


def split_pieces(
    text: str, *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> list[str]:
    """Cut the text of objects at its full stops.

    Args:
        text: Names and definitions.
        min_words: Shorter pieces are left out.
        max_words: Longer ones are cut.

    Returns:
        Different pieces in the order of the text.
    """
    pieces = [piece.split() for piece in re.split(r"\.", text)]
    kept = (" ".join(words[:max_words]) for words in pieces if len(words) >= min_words)
    return list(dict.fromkeys(kept))


def expand(
    caption: NDArray[Any],
    pieces: Sequence[str],
    features: NDArray[Any],
    k: int = DEFAULT_POSITIVES,
) -> list[str]:
    """Return the pieces nearest to a caption, nearest first.

    Args:
        caption: Shape ``(S,)``, un-normalised sentence feature.
        pieces: P sentences.
        features: Shape ``(P, S)``, theirs.
        k: How many; all if there are fewer. Ties keep their order.

    Raises:
        InputError: If there is not one feature per piece, or ``k`` is negative.
    """
    if len(features) != len(pieces) or k < 0:
        raise InputError(
            f"expansion needs one feature for each of {len(pieces)} pieces and k >= 0, got "
            f"{len(features)} and k = {k}"
        )
    if not pieces:
        return []
    cosine = cosine_similarity(caption[None], features)[0]
    return [pieces[place] for place in np.argsort(-cosine, kind="stable")[:k]]
