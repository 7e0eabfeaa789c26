"""Which tokens count as "yes" and as "no", and the log-odds between the two sets."""

from dataclasses import dataclass
from typing import Literal

import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.untyped import Tokenizer

TokenPolicy = Literal["variants", "paper"]


@dataclass(frozen=True)
class AnswerTokens:
    """Token ids of the two answers; the sets are not empty and share no id."""

    yes: tuple[int, ...]
    no: tuple[int, ...]

    @property
    def ids(self) -> list[int]:
        """All ids, yes first: the rows of the output head that matter."""
        return [*self.yes, *self.no]

    def log_odds(self, logits: torch.Tensor) -> torch.Tensor:
        """Return log P(yes) - log P(no) from logits over the whole vocabulary, ``(..., V)``."""
        return self.log_odds_of_rows(logits[..., self.ids])

    def log_odds_of_rows(self, logits: torch.Tensor) -> torch.Tensor:
        """Same, from the logits of `ids` only, shape ``(..., len(ids))``.

        Its sigmoid is the two-way softmax of ZEAL, with each side summed over its spellings.
        """
        split = len(self.yes)
        return logits[..., :split].logsumexp(-1) - logits[..., split:].logsumexp(-1)

    def mass(self, logits: torch.Tensor) -> torch.Tensor:
        """Return P(yes set) + P(no set) in ``[0, 1]`` from logits ``(..., V)``."""
        return (logits[..., self.ids].logsumexp(-1) - logits.logsumexp(-1)).exp()


def find_answer_tokens(tokenizer: Tokenizer, policy: TokenPolicy) -> AnswerTokens:
    """Find the answer tokens of a tokenizer.

    Args:
        tokenizer: A transformers tokenizer.
        policy: ``paper`` takes the single tokens ``yes`` and ``no``. ``variants`` takes every
            spelling (lower, capitalised, upper case; with and without a space before) that
            is one token, because chat models put most of their probability on ``Yes``.

    Raises:
        ModelError: If there is no such token, or one token would be both answers.

    Reference:
        ZEAL, arXiv:2410.14340, scores with the lower-case tokens.
    """
    find = {"variants": _spellings, "paper": _single}.get(policy)
    if find is None:
        raise ModelError(f"token policy must be 'variants' or 'paper', got {policy!r}")
    tokens = AnswerTokens(yes=find(tokenizer, "yes"), no=find(tokenizer, "no"))
    if shared := set(tokens.yes) & set(tokens.no):
        raise ModelError(
            f"yes and no must be different tokens, got {sorted(shared)} for both; "
            "this tokenizer cannot answer yes/no questions"
        )
    return tokens


def _single(tokenizer: Tokenizer, word: str) -> tuple[int, ...]:
    token = tokenizer.convert_tokens_to_ids(word)
    # Without an unknown token the library answers None instead of failing.
    if token is None or token == tokenizer.unk_token_id:
        raise ModelError(
            f"token policy 'paper' needs {word!r} as one token, and this tokenizer has none; "
            "use the policy 'variants' or another model"
        )
    return (token,)


def _spellings(tokenizer: Tokenizer, word: str) -> tuple[int, ...]:
    found: list[int] = []
    for spelling in (word, word.capitalize(), word.upper()):
        for text in (spelling, f" {spelling}"):
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            # SentencePiece tokenizers write a word start as U+2581, which no plain text gives.
            marked = tokenizer.convert_tokens_to_ids(f"\u2581{spelling}")
            found += ids if len(ids) == 1 else []
            found += [] if marked is None else [marked]
    known = tuple(i for i in dict.fromkeys(found) if i != tokenizer.unk_token_id)
    if not known:
        raise ModelError(
            f"no spelling of {word!r} is one token of this tokenizer; use another model"
        )
    return known
