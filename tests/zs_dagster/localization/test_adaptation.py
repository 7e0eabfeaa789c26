"""Test-time adaptation: the loss by hand, what it improves, what it forgets."""

import numpy as np
import pytest
import torch

from zs_dagster.localization.adaptation import (
    NUM_PICKED,
    Adaptation,
    Head,
    Schedule,
    byol,
    negatives,
    positives,
)
from zs_dagster.localization.similarity_curve import similarity

FAST = Schedule(steps=8, learning_rate=1e-2, weight_decay=0.0, smoothing_s=0.0)
TIME_S = np.arange(30) / 10


def video(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(30, 6)), rng.normal(size=6)


def adapt(adaptation: Adaptation, seed: int) -> np.ndarray:
    frames, text = video(seed)
    return similarity(*adaptation.adapted(frames, text, TIME_S, bytes([seed])))


def test_the_loss_by_hand() -> None:
    # p = (0.6, 0.8), q = (1, 0): 0.6 * (0.8 + 0.1) + 0.8 * 0.1 = 0.62.
    one = byol(torch.tensor([3.0, 4.0]), torch.tensor([5.0, 0.0]))
    assert one.item() == pytest.approx(2 - 2 * 0.62)
    # Two rows: summed over rows (1.2 * 0.9, 1.6 * 0.1), then the mean of both.
    rows = byol(torch.tensor([[3.0, 4.0], [3.0, 4.0]]), torch.tensor([5.0, 0.0]))
    assert rows.item() == pytest.approx(2 - (1.2 * 0.9 + 1.6 * 0.1))


def test_steps_of_the_optimiser_by_hand() -> None:
    head = Head(1, learning_rate=0.1, weight_decay=0.5)
    weight = 1.0
    mean = square = 0.0
    for step, slope in enumerate((2.0, -1.0), start=1):
        head.step(torch.tensor([[slope]]))
        gradient = slope + 0.5 * weight
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        unbiased = (square / (1 - 0.999**step)) ** 0.5
        weight -= 0.1 * (mean / (1 - 0.9**step)) / (unbiased + 1e-8)
        assert head.weight.item() == pytest.approx(weight)


def test_no_step_changes_nothing() -> None:
    frames, text = video(3)
    still = Adaptation(Schedule(0, 1e-2, 0.0, 0.0), 0, episodic=True)
    found = still.adapted(frames, text, TIME_S, b"a")
    np.testing.assert_array_equal(found[0], frames)
    np.testing.assert_array_equal(found[1], text)


def test_the_prototype_comes_nearer_to_the_text() -> None:
    frames, text = video(3)
    before, after = similarity(frames, text), adapt(Adaptation(FAST, 0, episodic=True), 3)
    assert after.max() > before.max()


def test_episodes_do_not_depend_on_each_other_and_the_published_way_does() -> None:
    alone = adapt(Adaptation(FAST, 0, episodic=True), 5)
    for episodic in (True, False):
        adaptation = Adaptation(FAST, 0, episodic=episodic)
        adapt(adaptation, 4)
        assert np.array_equal(adapt(adaptation, 5), alone) is episodic


def test_the_seed_decides_which_frames_are_drawn() -> None:
    one, same, other = (adapt(Adaptation(FAST, seed, episodic=True), 5) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_threads_are_given_back() -> None:
    threads = torch.get_num_threads()
    adapt(Adaptation(FAST, 0, episodic=True), 1)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("count", [1, 2, 3, 5, 400, 401])
def test_frames_are_picked_from_the_right_places(count: int) -> None:
    curve = np.linspace(0, 1, count)
    rng = np.random.default_rng(0)
    near = positives(curve, 2, rng)
    assert near.size == NUM_PICKED
    assert near.min() >= max(count - 3, 0)
    low = negatives(curve, 0, rng)
    assert low.size == NUM_PICKED
    # 400 modulo T of the lowest; 400 itself where that is too few.
    pool = 400 % count if 400 % count >= NUM_PICKED else count
    assert (low.min(), low.max()) == (0, pool - 1)
