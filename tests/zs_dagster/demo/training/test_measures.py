"""What is measured, by hand."""

import numpy as np
import pytest

from zs_dagster.demo.training.measures import mean_ranking_quality, ranking_quality, recalls


def test_recalls_count_each_answer_on_its_own_side() -> None:
    truth = np.array([1.0, 0.9, 1.0, 0.0, 0.1, 0.5])
    answer = np.array([0.9, 0.8, 0.1, 0.2, 0.7, 0.9])
    found = recalls(truth, answer)
    assert found == {
        "yes_recall": pytest.approx(2 / 3),
        "no_recall": 0.5,
        "num_yes": 3,
        "num_no": 2,
    }


def test_ranking_quality_counts_ordered_pairs_and_half_the_ties() -> None:
    # Of the pairs (3, 1), (3, 2), (1, 1), (1, 2): right, right, tie, wrong.
    assert ranking_quality(np.array([3.0, 1.0]), np.array([1.0, 2.0])) == 2.5 / 4


def test_columns_of_one_kind_are_left_out() -> None:
    present = np.array([[True, True], [False, True]])
    score = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert mean_ranking_quality(present, score) == 1.0
