"""Rows are true classes, columns predictions, and pairs come by their counts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.report.classification.confusion import (
    MAX_PAIRS,
    ConfusedPair,
    confused_pairs,
    confusion_rows,
)

# Two jumps taken for runs, one run for a jump, one run without a prediction.
COUNTS = np.array([[6, 2, 0], [1, 8, 1]])


def test_a_row_holds_what_became_of_one_true_class() -> None:
    (jump, first), (run, second) = confusion_rows(["jump", "run"], COUNTS)
    assert (jump, run) == ("jump", "run")
    assert [cell.count for cell in first] == [6, 2, 0]
    assert [cell.count for cell in second] == [1, 8, 1]
    assert [cell.is_correct for cell in first] == [True, False, False]
    assert [cell.is_correct for cell in second] == [False, True, False]


def test_cells_are_shaded_by_their_share_of_the_row() -> None:
    rows = confusion_rows(["jump", "run"], COUNTS)
    assert [[cell.tint for cell in cells] for _, cells in rows] == [[8, 2, 0], [1, 8, 1]]


def test_a_rare_confusion_is_still_shaded_and_an_empty_class_is_not() -> None:
    rows = confusion_rows(["jump", "run"], np.array([[999, 1, 0], [0, 0, 0]]))
    assert [[cell.tint for cell in cells] for _, cells in rows] == [[10, 1, 0], [0, 0, 0]]


def test_pairs_come_by_count_then_by_share() -> None:
    pairs, total = confused_pairs(["jump", "run"], COUNTS)
    assert pairs == [
        ConfusedPair("jump", "run", 2, 8),
        ConfusedPair("run", "jump", 1, 10),
        ConfusedPair("run", "no prediction", 1, 10),
    ]
    assert total == 3
    tied = np.array([[5, 1, 0], [1, 0, 0]])
    assert [pair.truth for pair in confused_pairs(["jump", "run"], tied)[0]] == ["run", "jump"]


def test_the_counts_are_not_changed() -> None:
    before = COUNTS.copy()
    confused_pairs(["jump", "run"], COUNTS)
    assert np.array_equal(COUNTS, before)


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_no_confused_pair_is_missed(k: int, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 4, (k, k + 1))
    pairs, total = confused_pairs([f"class {i}" for i in range(k)], counts)
    wrong = counts[~np.eye(k, k + 1, dtype=bool)]
    assert total == (wrong > 0).sum()
    assert len(pairs) == min(total, MAX_PAIRS)
    assert [pair.count for pair in pairs] == sorted(wrong[wrong > 0].tolist())[::-1][:MAX_PAIRS]
    assert all(pair.truth != pair.predicted for pair in pairs)
