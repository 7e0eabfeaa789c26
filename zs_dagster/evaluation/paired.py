"""Whether of two methods one is better on the same videos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.evaluation.bootstrap import Interval, Resampling

DEFAULT_RESAMPLING = Resampling(num_resamples=10_000)


@dataclass(frozen=True)
class PairedAccuracy:
    """A second method against a first.

    Attributes:
        difference: Accuracy of the second minus that of the first, with an interval.
        n_both: Videos that both have right.
        n_first_only: Videos that the first alone has right.
        n_second_only: Videos that the second alone has right.
        n_neither: Videos that neither has right.
        mcnemar_p: Probability of so lopsided a disagreement if neither were better.
    """

    difference: Interval
    n_both: int
    n_first_only: int
    n_second_only: int
    n_neither: int
    mcnemar_p: float


def compare_accuracy(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> PairedAccuracy:
    """Compare two methods video by video.

    The interval is a percentile bootstrap over videos. A video is one of three kinds by the
    difference it makes, so drawing N videos is drawing how often each kind comes.

    Args:
        first: Shape ``(N,)``, where the first method is right.
        second: Shape ``(N,)``, where the second is, of the same videos.
        resampling: How many times, the level and the seed.

    Raises:
        InputError: If shapes differ, or there is no video.
    """
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise InputError(
            "both methods must answer for the same videos, one or more; got shapes "
            f"{first.shape} and {second.shape}"
        )
    n, lost, won = first.size, int((first & ~second).sum()), int((second & ~first).sum())
    both = int((first & second).sum())
    share = np.array([lost, won, n - lost - won]) / n
    generator = np.random.default_rng(resampling.seed)
    drawn = generator.multinomial(n, share, size=resampling.num_resamples)
    tail = (1 - resampling.level) / 2
    low, high = np.quantile(
        (drawn[:, 1] - drawn[:, 0]) / n, [tail, 1 - tail], method="inverted_cdf"
    )
    return PairedAccuracy(
        Interval(
            value=(won - lost) / n,
            low=float(low),
            high=float(high),
            level=resampling.level,
            num_resamples=resampling.num_resamples,
        ),
        n_both=both,
        n_first_only=lost,
        n_second_only=won,
        n_neither=n - both - lost - won,
        mcnemar_p=mcnemar_p(lost, won),
    )


def mcnemar_p(n_first_only: int, n_second_only: int) -> float:
    """Return the exact two-sided p-value of McNemar's test (1947).

    Were neither method better, each video on which they disagree would be a fair coin:
    ``p = min(1, 2 P(X <= min(b, c)))`` with X binomial of b + c throws. Exact in integers,
    rounded once.

    Args:
        n_first_only: b, videos that the first alone has right.
        n_second_only: c, videos that the second alone has right.
    """
    n, fewer = n_first_only + n_second_only, min(n_first_only, n_second_only)
    ways = total = 1
    for k in range(fewer):
        ways = ways * (n - k) // (k + 1)
        total += ways
    # Whole numbers of any size divide without overflow.
    p: float = 2 * total / 2**n
    return min(1.0, p)
