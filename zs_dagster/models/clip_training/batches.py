"""Which clips come when, and the randomness of each.

Every draw is made from the seed and from what it is for, never from what was drawn before. So
training that goes on after a kill needs no state of a generator, and threads may finish in any
order.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum
from math import ceil
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")
IntArray = NDArray[np.int64]


class Draw(IntEnum):
    """What is drawn; keeps the streams of numbers apart."""

    ORDER = 0
    VIEW = 1
    MIX = 2
    NETWORK = 3


def generator(seed: int, what: Draw, *place: int) -> np.random.Generator:
    """Return the generator of one draw, such as the view of clip 7 in epoch 2."""
    return np.random.default_rng([seed, int(what), *place])


def steps_per_epoch(clips: int, batch: int) -> int:
    """Return the number of batches; the last may be smaller, no clip is left out."""
    return ceil(clips / batch)


def batches(seed: int, epoch: int, clips: int, batch: int) -> list[IntArray]:
    """Return the numbers of the clips, batch by batch, in the order of an epoch."""
    order = generator(seed, Draw.ORDER, epoch).permutation(clips)
    return [order[start : start + batch] for start in range(0, clips, batch)]


def parts(batch: IntArray, size: int) -> list[IntArray]:
    """Cut a batch into parts of at most ``size`` clips."""
    return [batch[start : start + size] for start in range(0, len(batch), size)]


def read_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` in the order of the items; a few are computed in advance.

    Memory stays bounded: at most ``2 * workers`` results wait. Close the iterator to stop.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
