"""Progress of long stages: who computes says how far it is, who shows decides how.

The command line shows bars; under the Dagster UI the lines go to the run's log.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]
LOG_EVERY_S = 10.0

logger = logging.getLogger("zs_dagster")


def log_progress() -> Listener:
    """Make a listener that logs at most every ten seconds, and at the end."""
    last = time.monotonic()

    def listen(stage: str, done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= LOG_EVERY_S:
            last = time.monotonic()
            logger.info("%s: %d of %d", stage, done, total)

    return listen


_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


def current_listener() -> Listener:
    """Return who is told of progress now."""
    return _listener.get() or log_progress()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of everything inside the block to ``listener(stage, done, total)``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def track(items: Sequence[Item] | Iterable[Item], stage: str, total: int) -> Iterator[Item]:
    """Yield the items and report after each that it is done."""
    listen = current_listener()
    listen(stage, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        listen(stage, done, total)
