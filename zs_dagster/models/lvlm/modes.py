"""The ways to score a batch, by name."""

from collections.abc import Callable
from typing import Literal

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.lvlm.naive import naive_scores
from zs_dagster.models.lvlm.packed import packed_scores
from zs_dagster.models.lvlm.prefix import prefix_scores
from zs_dagster.models.lvlm.two_step import two_step_scores

Mode = Literal["packed", "two-step", "prefix", "naive"]
Score = Callable[[Backend, Batch], Scored]

SCORES: dict[Mode, Score] = {
    "packed": packed_scores,
    "two-step": two_step_scores,
    "prefix": prefix_scores,
    "naive": naive_scores,
}
# The fastest first.
FAST_MODES: tuple[Mode, ...] = ("packed", "two-step", "prefix")
LONG_FAST_MODES: tuple[Mode, ...] = ("two-step", "packed", "prefix")
