"""Order and randomness of clips."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.models.clip_training.batches import (
    Draw,
    batches,
    generator,
    parts,
    read_ahead,
    steps_per_epoch,
)


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 5))
def test_an_epoch_shows_every_clip_once(clips: int, batch: int, epoch: int) -> None:
    found = batches(3, epoch, clips, batch)
    assert len(found) == steps_per_epoch(clips, batch)
    assert sorted(np.concatenate(found)) == list(range(clips))
    assert all(len(numbers) == batch for numbers in found[:-1])


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {
        tuple(np.concatenate(batches(seed, epoch, 30, 7)).tolist())
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len(orders) == 4


def test_parts_make_up_the_batch() -> None:
    batch = np.arange(7)
    assert [part.tolist() for part in parts(batch, 3)] == [[0, 1, 2], [3, 4, 5], [6]]


def test_each_draw_has_numbers_of_its_own() -> None:
    places = [(what, *place) for what in Draw for place in ((0, 1), (1, 0), (0, 0))]
    firsts = {generator(5, what, *place).random() for what, *place in places}
    assert len(firsts) == len(places)
    assert generator(5, Draw.VIEW, 1, 2).random() == generator(5, Draw.VIEW, 1, 2).random()


def test_reading_ahead_keeps_the_order_and_is_bounded() -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            asked.append(number)
            yield number

    results = read_ahead(lambda number: number * number, items(), 2)
    assert next(results) == 0
    assert len(asked) == 4
    assert list(results) == [number * number for number in range(1, 20)]


def test_a_failed_reading_is_raised_in_its_turn_and_ends_the_threads() -> None:
    before = threading.active_count()
    results = read_ahead(lambda number: 6 // number, [3, 2, 0, 1], 2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threading.active_count() == before
