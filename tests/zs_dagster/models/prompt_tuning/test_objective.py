"""Entropies by hand and by identity; which views are chosen."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from zs_dagster.models.prompt_tuning.objective import (
    entropies,
    marginal_entropy,
    mean_entropy,
    objective_value,
    select_confident,
)

shapes = st.tuples(st.integers(1, 8), st.integers(1, 6))
logits_of = arrays(np.float32, shapes, elements=st.floats(-60, 60, width=32)).map(
    torch.from_numpy
)
ONE_HOT = torch.tensor([[100.0, 0.0], [0.0, 100.0]])


def test_certainty_has_no_entropy_and_indifference_the_most() -> None:
    logits = torch.tensor([[200.0, 0, 0, 0], [3.0, 3, 3, 3], [-math.inf, 0, -math.inf, 0]])
    expected = torch.tensor([0, math.log(4), math.log(2)])
    torch.testing.assert_close(entropies(logits), expected)


def test_views_that_are_sure_of_different_things_disagree() -> None:
    assert float(marginal_entropy(ONE_HOT)) == pytest.approx(math.log(2))
    assert float(mean_entropy(ONE_HOT)) == pytest.approx(0)
    assert objective_value(ONE_HOT, "marginal") == marginal_entropy(ONE_HOT)
    assert objective_value(ONE_HOT, "mean") == mean_entropy(ONE_HOT)


@given(logits_of)
def test_marginal_is_mean_entropy_plus_mean_divergence(logits: Tensor) -> None:
    p = logits.double().softmax(dim=1)
    whole = p.mean(dim=0)
    divergence = torch.special.xlogy(p, p / whole.clamp(min=1e-300)).sum(dim=1).mean()
    difference = marginal_entropy(logits) - mean_entropy(logits)
    assert float(difference) == pytest.approx(float(divergence), abs=1e-5)
    assert float(difference) >= -1e-6
    assert -1e-6 <= float(marginal_entropy(logits)) <= math.log(logits.shape[1]) + 1e-6


@given(logits_of, st.integers(2, 5))
def test_equal_views_have_one_entropy(logits: Tensor, count: int) -> None:
    same = logits[:1].expand(count, -1)
    entropy = float(entropies(logits[:1]))
    assert float(marginal_entropy(same)) == pytest.approx(entropy, abs=1e-6)
    assert float(mean_entropy(same)) == pytest.approx(entropy, abs=1e-6)


def test_the_slope_stays_finite_at_certainty() -> None:
    for objective in (marginal_entropy, mean_entropy):
        logits = torch.tensor([[1e4, 0, -1e4], [0, 0, -math.inf]], requires_grad=True)
        (slopes,) = torch.autograd.grad(objective(logits), logits)
        assert bool(slopes.isfinite().all())


@pytest.mark.parametrize(
    ("rho", "views", "count"),
    [(0.8, 48, 38), (0.1, 64, 6), (0.8, 1, 1), (0.01, 5, 1), (1.0, 7, 7), (0.29, 100, 29)],
)
def test_the_share_is_rounded_down_to_at_least_one(rho: float, views: int, count: int) -> None:
    assert len(select_confident(torch.randn(views, 3), rho)) == count


@given(logits_of, st.floats(0.01, 1))
def test_the_most_confident_are_chosen_and_ties_go_to_the_first(
    logits: Tensor, rho: float
) -> None:
    logits = torch.cat([logits, logits])  # Each view has an equal.
    values = entropies(logits).tolist()
    expected = sorted(range(len(values)), key=lambda view: (values[view], view))
    chosen = select_confident(logits, rho).tolist()
    assert chosen == expected[: len(chosen)]


def test_half_precision_logits_are_computed_in_float32() -> None:
    logits = torch.tensor([[30.0, 20.0]], dtype=torch.float16)
    p = 1 / (1 + math.exp(10))
    exact = -p * math.log(p) - (1 - p) * math.log1p(-p)
    assert entropies(logits).dtype == torch.float32
    assert float(entropies(logits)) == pytest.approx(exact, rel=1e-4)
