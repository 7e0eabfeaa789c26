"""How many answers there were, and how exactly they are known."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from zs_dagster.models.server.reading import Reading

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tally:
    """Counts of answers; they add up.

    Attributes:
        answers: All of them.
        truncated: Those where yes or no was estimated by its bound.
        width_sum: Sum of the widths of the intervals that hold P(yes).
        width_max: The widest of them, in ``[0, 1]``.
    """

    answers: int = 0
    truncated: int = 0
    width_sum: float = 0.0
    width_max: float = 0.0

    @classmethod
    def of(cls, readings: Sequence[Sequence[Reading]]) -> Self:
        """Count answers of N frames and Q questions."""
        flat = [reading for row in readings for reading in row]
        widths = [reading.high - reading.low for reading in flat]
        truncated = sum(reading.truncated for reading in flat)
        return cls(len(flat), truncated, sum(widths), max(widths, default=0.0))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.answers + other.answers,
            self.truncated + other.truncated,
            self.width_sum + other.width_sum,
            max(self.width_max, other.width_max),
        )

    def log(self) -> None:
        """Say it in the log; as a warning if answers were estimated."""
        mean = self.width_sum / max(self.answers, 1)
        if self.truncated:
            logger.warning(
                "%d answers; in %d of them yes or no was not among the most likely tokens and "
                "was estimated by its bound",
                *(self.answers, self.truncated),
            )
        logger.info(
            "%d answers; P(yes) is known to within %.2g on average, %.2g at worst",
            *(self.answers, mean, self.width_max),
        )
