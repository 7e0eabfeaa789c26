"""Two methods on the same videos."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.bootstrap import Resampling
from zs_dagster.evaluation.paired import compare_accuracy, mcnemar_p

COUNTS = st.integers(0, 60)


def answers(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    sizes = [both, first, second, neither]
    return np.repeat([True, True, False, False], sizes), np.repeat([1, 0, 1, 0], sizes) > 0


def test_by_hand() -> None:
    # Six coins, one head or fewer, on either side: 2 * (1 + 6) / 64.
    assert mcnemar_p(1, 5) == 14 / 64
    assert mcnemar_p(0, 0) == 1
    assert mcnemar_p(3, 3) == 1
    assert mcnemar_p(0, 10) == 2 / 1024
    found = compare_accuracy(*answers(2, 1, 5, 4))
    assert (found.n_both, found.n_first_only, found.n_second_only) == (2, 1, 5)
    assert (found.n_neither, found.mcnemar_p) == (4, 14 / 64)
    assert found.difference.value == pytest.approx(4 / 12)
    assert found.difference.num_resamples == 10_000


@given(COUNTS, COUNTS)
def test_the_p_value_is_the_binomial_tail(first: int, second: int) -> None:
    n, fewer = first + second, min(first, second)
    tail = Fraction(2 * sum(math.comb(n, k) for k in range(fewer + 1)), 2**n)
    assert mcnemar_p(first, second) == float(min(tail, Fraction(1)))
    assert mcnemar_p(first, second) == mcnemar_p(second, first)


@given(COUNTS, COUNTS)
def test_a_more_lopsided_disagreement_is_less_likely(first: int, second: int) -> None:
    low, high = sorted([first, second])
    assert mcnemar_p(low, high + 1) <= mcnemar_p(low, high)


def test_many_videos_neither_overflow_nor_round_away() -> None:
    # Normal approximation with continuity correction: z = 199 / sqrt(20000).
    expected = math.erfc(199 / math.sqrt(20_000) / math.sqrt(2))
    assert mcnemar_p(9900, 10_100) == pytest.approx(expected, rel=1e-3)
    assert 0 < mcnemar_p(0, 1000) < 1e-300


def test_the_interval_is_that_of_drawing_videos() -> None:
    first, second = answers(20, 5, 14, 21)
    found = compare_accuracy(first, second, Resampling(num_resamples=20_000, seed=3))
    rows = np.random.default_rng(4).integers(0, 60, (20_000, 60))
    drawn = second[rows].mean(axis=1) - first[rows].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    # A video is 1/60: the bounds are that coarse.
    assert found.difference.low == pytest.approx(low, abs=1 / 60 + 1e-9)
    assert found.difference.high == pytest.approx(high, abs=1 / 60 + 1e-9)
    # Mean of 60 values in {-1, 0, 1}: a normal would have these bounds.
    sd = math.sqrt((19 / 60 - (9 / 60) ** 2) / 60)
    assert found.difference.low == pytest.approx(9 / 60 - 1.96 * sd, abs=0.02)


@given(COUNTS, COUNTS, COUNTS, st.integers(1, 60))
def test_turned_around_it_says_the_opposite(both: int, won: int, lost: int, none: int) -> None:
    quick = Resampling(num_resamples=200)
    forth = compare_accuracy(*answers(both, lost, won, none), quick)
    back = compare_accuracy(*answers(both, won, lost, none), quick)
    assert forth.difference.value == -back.difference.value
    assert forth.difference.low <= forth.difference.high
    assert (forth.n_both, forth.n_neither) == (back.n_both, back.n_neither)
    assert forth.mcnemar_p == back.mcnemar_p


def test_the_seed_decides() -> None:
    case = answers(20, 5, 14, 21)
    assert compare_accuracy(*case) == compare_accuracy(*case)


def test_a_method_does_not_differ_from_itself() -> None:
    first, _ = answers(3, 2, 0, 1)
    found = compare_accuracy(first, first)
    assert (found.difference.low, found.difference.value, found.difference.high) == (0, 0, 0)
    assert found.mcnemar_p == 1


@pytest.mark.parametrize(("first", "second"), [(2, 3), (0, 0)])
def test_other_videos_cannot_be_compared(first: int, second: int) -> None:
    with pytest.raises(InputError, match="both methods must answer for the same videos, one"):
        compare_accuracy(np.ones(first) > 0, np.ones(second) > 0)
