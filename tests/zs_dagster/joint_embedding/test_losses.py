"""Triplet loss and InfoNCE, by hand and in their limits."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.joint_embedding.losses import info_nce, triplet_loss


def at(*distances: float) -> torch.Tensor:
    """Points on an axis, at distances from a video at 0."""
    return torch.tensor([[distance, 0.0, 0.0] for distance in distances])


def nce(
    video: torch.Tensor,
    sentence: torch.Tensor,
    temperature: float = 0.07,
    is_positive: torch.Tensor | None = None,
    is_ignored: torch.Tensor | None = None,
) -> float:
    eye = torch.eye(len(video), dtype=torch.bool)
    positive = eye if is_positive is None else is_positive
    ignored = torch.zeros_like(eye) if is_ignored is None else is_ignored
    log = torch.tensor(math.log(temperature))
    return float(info_nce(video, sentence, positive, ignored, log))


@pytest.mark.parametrize(
    ("near", "far", "expected"), [(3.0, 3.5, 0.5), (3.0, 5.0, 0.0), (3.0, 3.0, 1.0)]
)
def test_triplet_by_hand(near: float, far: float, expected: float) -> None:
    loss = triplet_loss(torch.zeros(1, 3), at(near), at(far)[None])
    assert float(loss) == pytest.approx(expected, abs=1e-5)


def test_triplet_is_the_mean_over_all_negatives() -> None:
    loss = triplet_loss(torch.zeros(1, 3), at(3.0), at(3.5, 5.0, 3.0)[None], margin=1.0)
    assert float(loss) == pytest.approx(0.5, abs=1e-5)


def test_a_far_negative_gives_no_gradient() -> None:
    for far, is_moved in ((4.5, False), (3.9, True)):
        video = torch.zeros(1, 3, requires_grad=True)
        loss = triplet_loss(video, at(3.0), at(far)[None])
        (gradient,) = torch.autograd.grad(loss, video)
        # Both sentences lie on one side; the pull of one cancels the push of the other.
        positive = at(3.0).requires_grad_()
        (of_positive,) = torch.autograd.grad(
            triplet_loss(torch.zeros(1, 3), positive, at(far)[None]), positive
        )
        assert bool(of_positive.abs().max() > 0) == is_moved
        assert not gradient.isnan().any()


@pytest.mark.parametrize("size", [1, 2, 7])
def test_equal_embeddings_cost_the_logarithm_of_the_batch(size: int) -> None:
    same = torch.ones(size, 4)
    assert nce(same, same) == pytest.approx(math.log(size), abs=1e-5)


def test_perfect_separation_costs_nothing_as_the_temperature_falls() -> None:
    eye = torch.eye(5)
    costs = [nce(eye, eye, temperature) for temperature in (1.0, 0.3, 0.1, 0.05)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 1e-6


def test_by_hand_both_ways() -> None:
    # Cosines [[1, 0], [1, 0]]: rows cost ln(1 + 1/e), ln(1 + e); columns ln 2 each.
    video, sentence = torch.tensor([[1.0, 0], [1, 0]]), torch.tensor([[1.0, 0], [0, 1]])
    rows = (math.log(1 + math.exp(-1)) + math.log(1 + math.e)) / 2
    assert nce(video, sentence, 1.0) == pytest.approx((rows + math.log(2)) / 2, abs=1e-6)


def test_any_of_several_positives_counts_and_the_ignored_do_not() -> None:
    same = torch.ones(4, 3)
    half = torch.tensor([0, 0, 1, 1])
    block = half[:, None] == half
    # Two of four sentences are right: ln(4 / 2).
    assert nce(same, same, is_positive=block) == pytest.approx(math.log(2), abs=1e-6)
    # The other one of the block is neither: ln 3; that is also so if it is near.
    assert nce(same, same, is_ignored=block) == pytest.approx(math.log(3), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 9), st.floats(0.1, 9))
def test_lengths_do_not_matter_and_swapping_changes_nothing(
    seed: int, a: float, b: float
) -> None:
    torch.manual_seed(seed)
    video, sentence = torch.randn(2, 6, 5).unbind(0)
    cost = nce(video, sentence)
    assert nce(a * video, b * sentence) == pytest.approx(cost, rel=1e-4)
    assert nce(sentence, video) == pytest.approx(cost, rel=1e-4)


def test_the_temperature_learns_but_stays_above_a_hundredth() -> None:
    log = torch.tensor(math.log(1e-6))
    eye = torch.eye(3, dtype=torch.bool)
    torch.manual_seed(0)
    video, sentence = torch.randn(2, 3, 4).unbind(0)
    low = info_nce(video, sentence, eye, ~eye & False, log)
    assert float(low) == pytest.approx(nce(video, sentence, 0.01), rel=1e-5)
    warm = torch.tensor(math.log(0.07), requires_grad=True)
    loss = info_nce(video, sentence, eye, ~eye & False, warm)
    (gradient,) = torch.autograd.grad(loss, warm)
    assert gradient.abs() > 0
