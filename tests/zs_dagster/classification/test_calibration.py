"""Temperatures that were planted are found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.classification.calibration import fit_temperature
from zs_dagster.classification.softmax import log_softmax, softmax
from zs_dagster.errors import InputError


def planted(seed: int, temperature: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sure by a factor, and labels drawn from what they should say."""
    draw = np.random.default_rng(seed)
    logits = 2 * draw.normal(size=(n, 10))
    chance = draw.random((n, 1)) > softmax(logits).cumsum(axis=1)
    return temperature * logits, np.minimum(chance.sum(axis=1), 9)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_planted_temperature_is_found(seed: int, temperature: float) -> None:
    found = fit_temperature(*planted(seed, temperature, 5000))
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    assert found.nll_after <= found.nll_before
    assert not found.is_at_limit


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3))
def test_no_other_temperature_is_likelier(seed: int, temperature: float) -> None:
    logits, target = planted(seed, temperature, 200)
    found = fit_temperature(logits, target)
    for other in np.geomspace(0.05, 20, 41):
        nll = -log_softmax(logits / other)[np.arange(200), target].mean()
        assert found.nll_after <= nll + 1e-9


def test_logits_that_never_err_or_say_nothing_end_at_the_limit() -> None:
    sure = fit_temperature(np.eye(3), np.arange(3))
    assert sure.is_at_limit
    assert sure.temperature == pytest.approx(0.01, rel=1e-4)
    wrong = fit_temperature(10 * np.eye(3), (np.arange(3) + 1) % 3)
    assert wrong.is_at_limit
    assert wrong.temperature == pytest.approx(100, rel=1e-4)


@pytest.mark.parametrize(
    ("logits", "target", "rule"),
    [
        (np.ones((2, 3)), [0], r"logits must have shape \(N, K\).* got \(2, 3\) and \(1,\)"),
        (np.ones((0, 3)), [], "N >= 1"),
        (np.full((1, 3), np.nan), [0], "logits must be finite .* got 3 logits that are not"),
        (np.ones((2, 3)), [0, 3], r"targets lie in 0 … 2, got .* targets 0 … 3"),
        (np.ones((2, 3)), [0, -1], "targets -1 … 0"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    logits: np.ndarray, target: list[int], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        fit_temperature(logits, np.array(target, dtype=np.int64))
