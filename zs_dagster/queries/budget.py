"""How much a language model may be asked before somebody is asked first."""

from dataclasses import dataclass, field
from threading import Condition

from zs_dagster.errors import BudgetError

DEFAULT_MAX_CALLS = 1000
DEFAULT_MAX_TOKENS = 1_000_000
CHARACTERS_PER_TOKEN = 4  # Of English text; the usual rule of thumb.


def estimated_tokens(*texts: str) -> int:
    """Estimate the tokens of texts: a token per four characters, rounded up."""
    return -(-sum(map(len, texts)) // CHARACTERS_PER_TOKEN)


@dataclass
class Budget:
    """Counts calls and tokens, and refuses what would go beyond the limits.

    Attributes:
        max_calls: Answers asked for at most, failed tries included.
        max_tokens: Tokens read and written at most, before a call by estimate, afterwards as
            the server counted them.
        calls: Asked for so far.
        tokens: Used so far, with what calls under way may still use.
        under_way: Calls that have no answer yet.
    """

    max_calls: int = DEFAULT_MAX_CALLS
    max_tokens: int = DEFAULT_MAX_TOKENS
    calls: int = 0
    tokens: int = 0
    under_way: int = 0
    _settled: Condition = field(default_factory=Condition, repr=False)

    def reserve(self, tokens: int) -> None:
        """Take a call and its largest number of tokens off the budget.

        Waits for calls under way where these may leave enough.

        Raises:
            BudgetError: If that is more than is left; nothing is taken then.
        """
        with self._settled:
            self._settled.wait_for(
                lambda: not self.under_way or self.tokens + tokens <= self.max_tokens
            )
            if self.calls + 1 > self.max_calls:
                raise BudgetError(
                    f"the limit of {self.max_calls} calls is reached; go on with "
                    "`zs-dagster queries DATASET --write --max-calls N`"
                )
            if self.tokens + tokens > self.max_tokens:
                raise BudgetError(
                    f"the next call may take {tokens} tokens, {self.tokens} of the limit of "
                    f"{self.max_tokens} are used; go on with "
                    "`zs-dagster queries DATASET --write --max-tokens N`"
                )
            self.calls += 1
            self.under_way += 1
            self.tokens += tokens

    def settle(self, reserved: int, used: int) -> None:
        """Replace what was reserved for a call by what it took."""
        with self._settled:
            self.under_way -= 1
            self.tokens += used - reserved
            self._settled.notify_all()
