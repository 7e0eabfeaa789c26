"""Which tokens count as "yes" and as "no" on a server: by text, or by id where it has them."""

from collections.abc import Awaitable, Callable
from typing import Literal

from zs_dagster.errors import ModelError
from zs_dagster.models.server.reading import Labels

TokenPolicy = Literal["variants", "paper"]
Tokenize = Callable[[str], Awaitable[list[int]]]

# How byte-level BPE and SentencePiece write a space before a word; most servers decode it.
_SPACES = (" ", "\u0120", "\u2581")
# No tokenizer has a word for a character of the private use area: one token is "unknown".
_UNKNOWN = "\ue000"


def spellings(word: str, policy: TokenPolicy) -> list[str]:
    """Return the texts that spell an answer, as `zs_dagster.models.lvlm.tokens` has them.

    One case differs: a tokenizer that puts a space before every text has the ``yes`` of the
    policy ``paper`` with that space here, and without it there.
    """
    if policy == "paper":
        return [word]
    cases = (word, word.capitalize(), word.upper())
    return [text for case in cases for text in (case, f" {case}")]


def by_text(policy: TokenPolicy) -> Labels:
    """Find the answers by what servers write for them."""
    yes, no = spellings("yes", policy), spellings("no", policy)
    return Labels("top-20", _written(yes), _written(no), len(yes))


async def by_id(tokenize: Tokenize, policy: TokenPolicy) -> Labels | None:
    """Find the answers by token id; None if the server does not tell the ids.

    Args:
        tokenize: Asks the server for the ids of a text, none if it cannot tell.
        policy: Which spellings count; those of more than one token never do.

    Raises:
        ModelError: If one token would be both answers.
    """
    unknown = await tokenize(_UNKNOWN)
    yes, no = [
        {i for text in spellings(word, policy) for i in _single(await tokenize(text), unknown)}
        for word in ("yes", "no")
    ]
    if yes & no:
        raise ModelError(
            f"yes and no must be different tokens, got {sorted(yes & no)} for both; the "
            "tokenizer of this model cannot answer yes/no questions"
        )
    if not yes or not no:
        return None
    return Labels("exact", _numbered(yes), _numbered(no), max(len(yes), len(no)))


def ids(labels: Labels) -> list[int]:
    """Return the token ids of labels that were found by id."""
    return sorted(int(text.removeprefix("token_id:")) for text in labels.yes | labels.no)


def _single(tokens: list[int], unknown: list[int]) -> list[int]:
    return tokens if len(tokens) == 1 and tokens != unknown else []


def _numbered(tokens: set[int]) -> frozenset[str]:
    """Write ids as vLLM does under ``return_tokens_as_token_ids``."""
    return frozenset(f"token_id:{token}" for token in tokens)


def _written(texts: list[str]) -> frozenset[str]:
    return frozenset(space.join(text.split(" ")) for text in texts for space in _SPACES)
