"""Which frames of a segment are seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.joint_embedding.windows import leading, spread


def test_by_hand() -> None:
    places, is_padding = spread(np.array([8, 4, 2, 9]), 4)
    assert places.tolist() == [[1, 3, 5, 7], [0, 1, 2, 3], [0, 1, 0, 0], [1, 3, 5, 7]]
    assert is_padding.tolist() == [[False] * 4] * 2 + [[False] * 2 + [True] * 2, [False] * 4]
    first, is_padding = leading(np.array([8, 2]), 4)
    assert first.tolist() == [[0, 1, 2, 3], [0, 1, 0, 0]]
    assert is_padding.tolist() == [[False] * 4, [False] * 2 + [True] * 2]


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(1, 20), st.integers(0, 99)
)
def test_one_frame_in_each_part(length: list[int], count: int, seed: int) -> None:
    lengths = np.array(length)
    offset = np.random.default_rng(seed).random((len(length), count))
    places, is_padding = spread(lengths, count, offset)
    np.testing.assert_array_equal((~is_padding).sum(axis=1), np.minimum(lengths, count))
    middle, _ = spread(lengths, count)
    for row, n in enumerate(length):
        assert (np.diff(middle[row, ~is_padding[row]]) > 0).all()
        seen = places[row, ~is_padding[row]]
        assert (np.diff(seen) >= 0).all()  # two may be one where parts are narrow
        assert seen[0] >= 0
        assert seen[-1] < n
        if n > count:
            part = (np.arange(count) * n / count, (np.arange(count) + 1) * n / count)
            assert ((seen >= np.floor(part[0])) & (seen < np.ceil(part[1]))).all()


@pytest.mark.parametrize("offset", [0.0, 1 - 2**-53])
def test_the_ends_of_a_part_stay_inside(offset: float) -> None:
    places, _ = spread(np.array([1000]), 7, offset)
    assert places.min() >= 0
    assert places.max() < 1000
