"""One number from several: official splits, seeds, and base against novel classes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.errors import InputError


@dataclass(frozen=True)
class SplitSummary:
    """Mean and spread over splits.

    Attributes:
        mean: Arithmetic mean.
        sd: Of a sample (ddof 1); NaN for one split. What a table prints after the ±.
        sd_population: ddof 0, as much published code has it; kept to compare with it.
        n: Splits.
    """

    mean: float
    sd: float
    sd_population: float
    n: int


@dataclass(frozen=True)
class BaseToNovel:
    """Accuracy on classes seen in training and on new ones, each over the same seeds.

    Attributes:
        base: Of base classes.
        novel: Of novel classes.
        harmonic_of_means: Harmonic mean of the two means; what published tables print.
        mean_of_harmonics: Mean over seeds of the harmonic mean of each.
    """

    base: SplitSummary
    novel: SplitSummary
    harmonic_of_means: float
    mean_of_harmonics: float


def over_splits(values: Sequence[float]) -> SplitSummary:
    """Summarise one metric over splits.

    Raises:
        InputError: If there is none, or one is not finite.
    """
    if not values or not all(map(math.isfinite, values)):
        raise InputError(f"there must be one or more finite values, got {list(values)}")
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return SplitSummary(float(np.mean(values)), sd, float(np.std(values)), len(values))


def harmonic_mean(base: float, novel: float) -> float:
    """Return ``2 b n / (b + n)``; 0 if both are.

    Raises:
        InputError: If one is negative or not finite.
    """
    if not all(math.isfinite(value) and value >= 0 for value in (base, novel)):
        raise InputError(f"accuracies must be finite and >= 0, got {base!r} and {novel!r}")
    return 2 * base * novel / (base + novel) if base + novel else 0.0


def base_to_novel(base: Sequence[float], novel: Sequence[float]) -> BaseToNovel:
    """Summarise the base-to-novel protocol, one value per seed on either side.

    Raises:
        InputError: If the numbers of seeds differ, or as `over_splits`.
    """
    if len(base) != len(novel):
        raise InputError(
            f"base and novel must have the same seeds, got {len(base)} and {len(novel)}"
        )
    first, second = over_splits(base), over_splits(novel)
    each = [harmonic_mean(b, n) for b, n in zip(base, novel, strict=True)]
    of_means = harmonic_mean(first.mean, second.mean)
    return BaseToNovel(first, second, of_means, float(np.mean(each)))
