"""Answers kept on the way: found again, and gone when they are no longer needed."""

from pathlib import Path

import numpy as np
import pytest

from zs_dagster.errors import ModelError
from zs_dagster.frame_confidence.answers import KIND, Answers
from zs_dagster.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def whole(*numbers: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(numbers, dtype=np.int64)


def some(*rows: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(rows, dtype=np.float32)


def entries(store: Store) -> list[Path]:
    return sorted((store.root / KIND).rglob("*.safetensors"))


def test_nothing_is_known_at_first(store: Store) -> None:
    answers = Answers(store, "video", ["a", "b"], 3)
    assert answers.p_yes.shape == (3, 2)
    assert not answers.known.any()
    assert entries(store) == []


def test_what_was_added_is_known_to_the_next_one(store: Store) -> None:
    answers = Answers(store, "video", ["a", "b", "c"], 3)
    answers.add(whole(0, 2), whole(0, 2), some([0.1, 0.3], [0.5, 0.7]))
    answers.add(whole(1), whole(1), some([0.0]))
    expected = [[0.1, np.nan, 0.3], [np.nan, 0.0, np.nan], [0.5, np.nan, 0.7]]
    np.testing.assert_array_equal(answers.p_yes, some(*expected))
    again = Answers(store, "video", ["a", "b", "c"], 3)
    np.testing.assert_array_equal(again.p_yes, answers.p_yes)
    # A 0 is an answer.
    assert again.known[1, 1]


def test_fewer_prompts_in_another_order_find_theirs(store: Store) -> None:
    Answers(store, "video", ["a", "b"], 2).add(
        whole(0, 1), whole(0, 1), some([0.1, 0.2], [0.3, 0.4])
    )
    again = Answers(store, "video", ["new", "b"], 2)
    np.testing.assert_array_equal(again.p_yes, some([np.nan, 0.2], [np.nan, 0.4]))
    assert not Answers(store, "other", ["a", "b"], 2).known.any()


def test_a_damaged_entry_is_asked_again_and_replaced(store: Store) -> None:
    answers = Answers(store, "video", ["a"], 3)
    for frame in range(3):
        answers.add(whole(frame), whole(0), some([0.5]))
    store.path(KIND, answers._key(1), "safetensors").write_bytes(b"damaged")
    again = Answers(store, "video", ["a"], 3)
    assert again.known[:, 0].tolist() == [True, False, False]
    again.add(whole(1), whole(0), some([0.25]))
    assert Answers(store, "video", ["a"], 3).known.all()


def test_entries_about_more_frames_than_there_are_do_no_harm(store: Store) -> None:
    Answers(store, "video", ["a"], 5).add(whole(1, 4), whole(0), some([0.1], [0.4]))
    assert Answers(store, "video", ["a"], 3).known[:, 0].tolist() == [False, True, False]


def test_forgetting_leaves_no_file(store: Store) -> None:
    answers = Answers(store, "video", ["a"], 2)
    answers.add(whole(0), whole(0), some([0.5]))
    answers.add(whole(1), whole(0), some([0.5]))
    other = Answers(store, "other", ["a"], 2)
    other.add(whole(0), whole(0), some([0.5]))
    Answers(store, "video", ["a"], 2).forget()
    assert [path.stem for path in entries(store)] == [other._key(0)]


def test_what_is_no_number_is_refused_and_not_kept(store: Store) -> None:
    answers = Answers(store, "video", ["a"], 2)
    with pytest.raises(ModelError, match="answers must be numbers, got NaN"):
        answers.add(whole(0, 1), whole(0), some([0.5], [np.nan]))
    assert entries(store) == []
    assert not answers.known.any()
