"""What it would cost to have the missing classes of a dataset written."""

from collections.abc import Sequence
from dataclasses import dataclass

from zs_dagster.queries.budget import CHARACTERS_PER_TOKEN
from zs_dagster.queries.llm_writer import TRIES
from zs_dagster.queries.prompt_sets import LONGEST_CORRECTION
from zs_dagster.queries.sources import QuerySources
from zs_dagster.store import Store

CORRECTION_TOKENS = -(-LONGEST_CORRECTION // CHARACTERS_PER_TOKEN)


@dataclass(frozen=True)
class Estimate:
    """Calls and tokens, if every first answer is valid, and at most.

    Attributes:
        classes: Of the dataset.
        to_write: Classes that neither a bank of the user's nor the cache has.
        prompt_tokens: Estimated, a token per four characters, for one call per class.
        answer_tokens: Largest number, for one call per class.
    """

    classes: int
    to_write: int
    prompt_tokens: int
    answer_tokens: int

    def row(self) -> dict[str, int]:
        """Return the numbers by name, with those of three tries for every class.

        A repeated request is longer: it holds the answer that was wrong, and why.
        """
        longer = CORRECTION_TOKENS * self.to_write
        most = TRIES * (self.prompt_tokens + self.answer_tokens) + (TRIES - 1) * longer
        return {
            "classes": self.classes,
            "to_write": self.to_write,
            "calls": self.to_write,
            "calls_at_most": TRIES * self.to_write,
            "prompt_tokens": self.prompt_tokens,
            "answer_tokens": self.answer_tokens,
            "tokens_at_most": most,
        }


def estimate(writer: QuerySources, labels: Sequence[str], store: Store) -> Estimate:
    """Count what is missing and what asking for it would take; asks nobody."""
    missing = [label for label in labels if writer.known(label, store) is None]
    longest = int(writer.llm.settings["max_tokens"]) if writer.llm else 0
    return Estimate(
        len(labels), len(missing), writer.prompt_tokens(missing), len(missing) * longest
    )
