"""Preparing the next batch while the model runs."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(source: Iterator[T]) -> Generator[T, None, None]:
    """Yield what a source yields, taking the next item in a thread while one is used.

    Never takes more than one item that is not asked for yet. What the source raises is raised
    in its turn. Closing the generator waits for the item under way, and ends the thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="prepare-frames") as thread:
        following = thread.submit(_take, source)
        while item := following.result():
            following = thread.submit(_take, source)
            yield item[0]


def _take(source: Iterator[T]) -> tuple[T] | None:
    for item in source:
        return (item,)
    return None


def one_late(source: Iterator[T]) -> Iterator[T]:
    """Yield what a source yields, each item when the next one has been made."""
    waiting: list[T] = []
    for item in source:
        yield from waiting
        waiting = [item]
    yield from waiting
