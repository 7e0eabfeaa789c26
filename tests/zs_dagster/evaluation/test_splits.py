"""Means over splits and the base-to-novel protocol."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.splits import base_to_novel, harmonic_mean, over_splits

SHARES = st.floats(0, 1)


def test_by_hand() -> None:
    # Deviations -1, 0, 1: variance 2/2 of a sample, 2/3 of a population.
    found = over_splits([40.0, 41.0, 42.0])
    assert (found.mean, found.sd, found.n) == (41.0, 1.0, 3)
    assert found.sd_population == pytest.approx((2 / 3) ** 0.5)
    assert math.isnan(over_splits([0.5]).sd)
    assert over_splits([0.5]).sd_population == 0


# Printed by ZAR and ViFi-CLIP; each harmonic mean is of the printed means.
@pytest.mark.parametrize(
    ("base", "novel", "harmonic"),
    [
        (75.2, 60.7, 67.2),
        (75.2, 55.2, 63.7),
        (91.3, 67.2, 77.4),
        (76.4, 61.1, 67.9),
        (73.8, 53.3, 61.9),
        (92.9, 67.7, 78.3),
    ],
)
def test_printed_tables_are_harmonic_means(base: float, novel: float, harmonic: float) -> None:
    assert harmonic_mean(base, novel) == pytest.approx(harmonic, abs=0.051)


@given(SHARES, SHARES)
def test_a_harmonic_mean_lies_between_and_has_no_order(base: float, novel: float) -> None:
    found = harmonic_mean(base, novel)
    assert found == harmonic_mean(novel, base)
    assert min(base, novel) - 1e-12 <= found <= (base + novel) / 2 + 1e-12


def test_both_ways_over_seeds_are_kept() -> None:
    found = base_to_novel([0.8, 0.4], [0.4, 0.8])
    assert found.harmonic_of_means == pytest.approx(0.6)
    assert found.mean_of_harmonics == pytest.approx(0.64 / 1.2)
    assert found.base.mean == pytest.approx(0.6)
    assert found.novel.n == 2


def test_numbers_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match=r"there must be one or more finite values, got \[\]"):
        over_splits([])
    with pytest.raises(InputError, match=r"one or more finite values, got \[nan\]"):
        over_splits([math.nan])
    with pytest.raises(InputError, match=r"accuracies must be finite and >= 0, got -1 and 0.5"):
        harmonic_mean(-1, 0.5)
    with pytest.raises(
        InputError, match="base and novel must have the same seeds, got 1 and 2"
    ):
        base_to_novel([0.1], [0.1, 0.2])
