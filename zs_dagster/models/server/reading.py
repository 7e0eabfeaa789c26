"""From the log-probabilities of a first token to P(yes).

In mode ``exact`` the answer holds every spelling of yes and no. In mode ``top-20`` it holds the
twenty most likely tokens. What is not among them is bounded: each other token has at most the
probability of the last one, and all others together have what the twenty leave over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zs_dagster.errors import ModelError
from zs_dagster.models.server.replies import TokenLogprob

Mode = Literal["exact", "top-20"]

TOP = 20
"""As many as OpenAI's protocol allows."""

# Servers write -9999 for minus infinity, which JSON lacks; below this `exp` gives zero.
_NEVER = -700.0
# Twenty probabilities out of float32 log-probabilities add up to one only so far.
_ROUNDING = 1e-6
_MAX_TOTAL = 1.001


@dataclass(frozen=True)
class Labels:
    """The tokens that are answers, as the server writes them.

    Attributes:
        mode: How complete the lists of the server are.
        yes: Every way in which a token of the yes set may be written.
        no: Same for no.
        spellings: Tokens per answer that may exist, >= 1; their written forms are more.
    """

    mode: Mode
    yes: frozenset[str]
    no: frozenset[str]
    spellings: int


@dataclass(frozen=True)
class Reading:
    """One answer.

    Attributes:
        p_yes: P(yes), in ``[0, 1]``.
        low: P(yes) is not below; equal to it where it is known exactly.
        high: P(yes) is not above.
        mass: Probability of all listed answer tokens together.
        truncated: Whether one of the two answers had to be estimated by its bound.
    """

    p_yes: float
    low: float
    high: float
    mass: float
    truncated: bool


def read(top: Sequence[TokenLogprob], labels: Labels, subject: str) -> Reading:
    """Turn the candidates for a first token into P(yes).

    Args:
        top: As the server listed them.
        labels: What to look for.
        subject: Frame and question, for messages.

    Raises:
        ValueError: If the list breaks the protocol; another try may help.
        ModelError: If the model would answer neither yes nor no.
    """
    exact = labels.mode == "exact"
    if exact and not holds_all(top, labels):
        raise ValueError("the answer lacks tokens that were asked for")
    likely = [t for t in top if t.logprob > _NEVER]
    if not any(t.token in labels.yes | labels.no for t in likely):
        raise ModelError(_neither(top, subject))
    counted = top if exact else likely
    yes, no = (
        [t.logprob for t in counted if t.token in words] for words in (labels.yes, labels.no)
    )
    if exact:
        return _exact(yes, no)
    return _bounded(yes, no, [t.logprob for t in likely], labels.spellings)


def holds_all(top: Sequence[TokenLogprob], labels: Labels) -> bool:
    """Say whether every token of both answers is listed."""
    return labels.yes | labels.no <= {candidate.token for candidate in top}


def _exact(yes: Sequence[float], no: Sequence[float]) -> Reading:
    """Take the two-way softmax of ZEAL, with each side summed over its spellings."""
    most = max(*yes, *no)
    odds_yes, odds_no = (sum(math.exp(v - most) for v in side) for side in (yes, no))
    p_yes = odds_yes / (odds_yes + odds_no)
    mass = (odds_yes + odds_no) * math.exp(min(most, 0.0))
    return Reading(p_yes, p_yes, p_yes, mass, truncated=False)


def _bounded(
    listed_yes: Sequence[float],
    listed_no: Sequence[float],
    listed: Sequence[float],
    spellings: int,
) -> Reading:
    total = sum(map(math.exp, listed))
    if total > _MAX_TOTAL:
        raise ValueError(f"probabilities must add up to at most 1, got {total:.4g}")
    last, rest = math.exp(min(listed)), max(0.0, 1.0 - total) + _ROUNDING
    bound = min(last, rest)
    yes, no = (sum(map(math.exp, side)) for side in (listed_yes, listed_no))
    most_yes, most_no = (
        mass + min(max(spellings - len(side), 0) * last, rest)
        for mass, side in ((yes, listed_yes), (no, listed_no))
    )
    p_yes = (yes or bound) / ((yes or bound) + (no or bound))
    low, high = yes / (yes + most_no), most_yes / (most_yes + no)
    return Reading(p_yes, low, high, yes + no, truncated=not (yes and no))


def _neither(top: Sequence[TokenLogprob], subject: str) -> str:
    first = ", ".join(repr(candidate.token) for candidate in top[:5])
    return (
        f"the answer to {subject} must begin with yes or no, got neither among the {len(top)} "
        f"most likely tokens ({first}, ...); switch the reasoning of the model off, check its "
        "chat template, or use another model"
    )
