"""Random numbers by place."""

import numpy as np
import pytest

from zs_dagster.joint_embedding.draws import Draw, generator, words


def test_each_place_has_a_stream_of_its_own() -> None:
    def first(seed: int, what: Draw, *place: int) -> int:
        return int(generator(seed, what, *place).integers(2**62))

    places = [(0, Draw.ORDER, 1), (1, Draw.ORDER, 1), (0, Draw.WINDOW, 1), (0, Draw.ORDER, 2)]
    drawn = [first(*place) for place in places]
    assert drawn == [first(*place) for place in places]
    assert len(set(drawn)) == 4


def test_a_record_has_the_same_words_in_any_company_and_length() -> None:
    many = words(3, 1, np.arange(50), 20)
    few = words(3, 1, np.array([49, 7]), 5)
    np.testing.assert_array_equal(few, many[[49, 7], :5])
    assert len(np.unique(many)) == 1000
    assert (words(3, 2, np.arange(50), 20) != many).all()
    assert (words(4, 1, np.arange(50), 20) != many).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_words_are_uniform_along_records_and_along_a_stream(axis: int) -> None:
    shape = (20_000, 1) if axis == 0 else (1, 20_000)
    drawn = words(0, 0, np.arange(shape[0]), shape[1]).reshape(-1)
    for divisor in (2, 7, 10):  # the low bits count, as draws are remainders
        counts = np.bincount((drawn % np.uint64(divisor)).astype(np.int64), minlength=divisor)
        expected = 20_000 / divisor
        # The 0.999 quantile of chi-square with 1, 6 and 9 degrees of freedom.
        limit = {2: 10.83, 7: 22.46, 10: 27.88}[divisor]
        assert ((counts - expected) ** 2 / expected).sum() < limit
    pairs = np.bincount(
        (drawn[:-1] % np.uint64(4) * np.uint64(4) + drawn[1:] % np.uint64(4)).astype(np.int64)
    )
    assert ((pairs - 19_999 / 16) ** 2 / (19_999 / 16)).sum() < 37.70  # 15 degrees of freedom
