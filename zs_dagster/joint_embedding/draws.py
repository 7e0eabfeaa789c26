"""Random numbers by place: of a seed, of what they are for and of where they are used.

No draw depends on an earlier one, so training that goes on after a kill needs no state of a
generator, and a draw for one record does not depend on the other records.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

WordArray = NDArray[np.uint64]
# The constants of SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
# generators", OOPSLA 2014, figure 17 (finalizer: variant 13 of Stafford).
STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Draw(IntEnum):
    """What is drawn; keeps the streams of numbers apart."""

    ORDER = 0
    WINDOW = 1
    NETWORK = 2
    NEGATIVE = 3
    WEIGHTS = 4


def generator(seed: int, what: Draw, *place: int) -> np.random.Generator:
    """Return the generator of one draw, such as the order of epoch 2."""
    return np.random.default_rng([seed, int(what), *place])


def words(seed: int, epoch: int, records: NDArray[np.int64], count: int) -> WordArray:
    """Return ``(B, count)`` uniform 64-bit words, a stream of its own for each record."""
    start = generator(seed, Draw.NEGATIVE, epoch).integers(2**64, dtype=np.uint64)
    streams = _scrambled(start + (records.astype(np.uint64) + np.uint64(1)) * STEP)
    steps = (np.arange(count, dtype=np.uint64) + np.uint64(1)) * STEP
    return _scrambled(streams[:, None] + steps)


def _scrambled(state: WordArray) -> WordArray:
    """Turn counters into words that look independent; arithmetic is modulo 2**64."""
    state = (state ^ (state >> np.uint64(30))) * FIRST
    state = (state ^ (state >> np.uint64(27))) * SECOND
    scrambled: WordArray = state ^ (state >> np.uint64(31))
    return scrambled
