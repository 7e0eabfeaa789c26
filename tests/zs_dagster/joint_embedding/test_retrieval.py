"""Ranks of own sentences."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.joint_embedding.retrieval import ranks, retrieval


def test_by_hand() -> None:
    items = np.array([[1.0, 0], [0, 1], [-1, 0]])
    queries = np.array([[1, 0.1], [0.2, 1], [1, 0.5]])
    assert ranks(queries, items, np.array([0, 0, 2])).tolist() == [1, 2, 3]
    own = np.array([[False, True, True]] * 3)
    assert ranks(queries, items, own).tolist() == [2, 1, 2]
    found = retrieval(np.array([1.0, 2, 6, 5]))
    assert found == {"r1": 0.25, "r5": 0.75, "median_rank": 3.5}


def test_equal_embeddings_rank_as_chance() -> None:
    same = np.ones((5, 3))
    assert ranks(same, same, np.arange(5)).tolist() == [3.0] * 5


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_blocks_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    queries, items = rng.normal(size=(1500, 3)), rng.normal(size=(4, 3))
    own = rng.integers(0, 4, 1500)
    whole = ranks(queries, items, own)
    np.testing.assert_array_equal(ranks(queries[1300:], items, own[1300:]), whole[1300:])
    assert whole.min() >= 1
    assert whole.max() <= 4
