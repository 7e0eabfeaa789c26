"""Numbered sets are repetitions: their mean, spread, and base against novel."""

import pytest

from zs_dagster.evaluation.split_groups import group_numbers, group_of, harmonic_numbers


@pytest.mark.parametrize(
    ("split", "group"),
    [
        ("test1", "test*"),
        ("test12", "test*"),
        ("zsl220-0", "zsl220*"),
        ("base-to-novel-3/novel", "base-to-novel*/novel"),
        ("base-to-novel/base", None),
        ("truze", None),
        ("truze-2.0", None),
        ("all", None),
    ],
)
def test_numbered_sets_are_a_group(split: str, group: str | None) -> None:
    assert group_of(split) == group


def test_mean_and_both_spreads_are_over_a_group_of_two_or_more() -> None:
    numbers = group_numbers("top1", {"test1": 0.5, "truze": 0.1, "test2": 0.7, "zsl-0": 0.2})
    assert [(split, metric) for split, metric, _ in numbers] == [
        ("test*", "top1_mean"),
        ("test*", "top1_sd"),
        ("test*", "top1_sd0"),
    ]
    # Deviations ±0.1: the variance is 0.02 over 1, or 0.02 over 2.
    assert [value for _, _, value in numbers] == pytest.approx([0.6, 0.02**0.5, 0.1])


def test_one_division_has_one_harmonic_mean() -> None:
    numbers = harmonic_numbers("top1", {"b/base": 0.6, "b/novel": 0.3, "c/base": 1.0, "d": 1.0})
    assert [number[:2] for number in numbers] == [("b", "top1_harmonic_mean")]
    assert numbers[0][2] == pytest.approx(0.4)


def test_over_numbered_divisions_the_harmonic_mean_is_that_of_the_means() -> None:
    values = {"b-1/base": 0.6, "b-1/novel": 0.3, "b-2/base": 1.0, "b-2/novel": 1.0}
    numbers = harmonic_numbers("top1", values)
    assert [number[:2] for number in numbers] == [
        ("b-1", "top1_harmonic_mean"),
        ("b-2", "top1_harmonic_mean"),
        ("b*", "top1_harmonic_mean"),
        ("b*", "top1_mean_of_harmonic_means"),
    ]
    of_means = 2 * 0.8 * 0.65 / 1.45
    assert [value for _, _, value in numbers] == pytest.approx([0.4, 1.0, of_means, 0.7])
