"""Differences keep their sign in words and in numbers."""

import math

import pytest

from zs_dagster.report.classification.comparison import evidence, is_settled, signed, verdict
from zs_dagster.report.classification.data import Difference


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.01, "has 1.0 points more than"),
        (-0.01, "has 1.0 points less than"),
        (0.0, "has, to one decimal, as many points as"),
        (-0.0004, "has, to one decimal, as many points as"),
        (-0.0006, "has 0.1 points less than"),
        (math.nan, "cannot be compared with"),
    ],
)
def test_the_verdict_says_who_is_ahead(value: float, words: str) -> None:
    assert verdict(Difference("clip", "zar", value, -0.1, 0.1, 0.5)) == words


def test_the_evidence_is_interval_and_test() -> None:
    difference = Difference("clip", "zar", 0.01, -0.021, 0.042, 0.45)
    expected = "95 % interval \N{MINUS SIGN}2.1 to +4.2, McNemar p = 0.45"
    assert evidence(difference) == expected


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0004, "p < 0.001"),
        (0.00123, "p = 0.0012"),
        (1.0, "p = 1"),
        (math.nan, "p \N{EN DASH}"),
    ],
)
def test_small_p_values_are_not_rounded_to_zero(p: float, words: str) -> None:
    assert evidence(Difference("a", "b", 0.5, 0.4, 0.6, p)).endswith(f"McNemar {words}")


def test_a_rounded_zero_has_no_sign() -> None:
    assert [signed(v) for v in (-0.0001, 0.0, 0.0001)] == ["0.0"] * 3
    assert signed(math.nan) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("low", "high", "settled"),
    [(-0.1, 0.1, False), (0.01, 0.1, True), (-0.2, -0.1, True), (0.0, 0.1, False)],
)
def test_an_interval_without_zero_settles_the_sign(
    low: float, high: float, settled: bool
) -> None:
    assert is_settled(Difference("a", "b", (low + high) / 2, low, high, 0.5)) is settled
    unknown = Difference("a", "b", 0.1, math.nan, math.nan, 0.5)
    assert not is_settled(unknown)
