"""Draws of few clips, and how halves are summarised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.models.clip_training.few_shot import base_to_novel, few_shots, harmonic_mean

LABELS = {f"{label}/{i}": label for label in ("run", "jump", "sit") for i in range(20)}


@given(st.integers(1, 20), st.integers(0, 100), st.randoms())
def test_a_draw_is_of_seed_and_class_alone(shots: int, seed: int, random: object) -> None:
    drawn = few_shots(LABELS, shots, seed)
    counts = [
        sum(LABELS[video] == label for video in drawn) for label in ("run", "jump", "sit")
    ]
    assert counts == [shots] * 3
    assert len(set(drawn)) == len(drawn)
    videos = list(LABELS)
    random.shuffle(videos)  # type: ignore[attr-defined] # hypothesis gives a Random
    assert few_shots({video: LABELS[video] for video in videos}, shots, seed) == drawn
    alone = few_shots({v: c for v, c in LABELS.items() if c == "run"}, shots, seed)
    assert alone == tuple(video for video in drawn if LABELS[video] == "run")


def test_other_seeds_and_classes_draw_others() -> None:
    draws = {few_shots(LABELS, 4, seed) for seed in (1, 2, 3)}
    assert len(draws) == 3
    numbers = {
        tuple(v.partition("/")[2] for v in few_shots(LABELS, 4, 1) if LABELS[v] == label)
        for label in ("run", "jump", "sit")
    }
    assert len(numbers) == 3


def test_a_class_with_too_few_clips_is_named() -> None:
    with pytest.raises(InputError, match="class 'jump' must have at least 21 clips, got 20"):
        few_shots(LABELS, 21, 1)
    with pytest.raises(InputError, match="shots must be >= 1, got 0"):
        few_shots(LABELS, 0, 1)


def test_the_harmonic_mean_is_that_of_the_printed_tables() -> None:
    # ZAR's table: Kinetics-400 and UCF101.
    assert harmonic_mean(75.2, 60.7) == pytest.approx(67.18, abs=0.01)
    assert harmonic_mean(91.3, 67.2) == pytest.approx(77.4, abs=0.05)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_harmonic_mean_lies_between_and_is_bound_by_the_smaller(b: float, n: float) -> None:
    mean = harmonic_mean(b, n)
    assert min(b, n) - 1e-12 <= mean <= min(2 * b, 2 * n, max(b, n)) + 1e-12
    assert harmonic_mean(b, b) == pytest.approx(b)
    assert harmonic_mean(b, 0) == 0


def test_both_summaries_of_draws() -> None:
    summary = base_to_novel([0.8, 0.4], [0.4, 0.4])
    assert (summary.base, summary.novel) == pytest.approx((0.6, 0.4))
    assert summary.harmonic_mean == pytest.approx(0.48)
    assert summary.mean_harmonic_mean == pytest.approx((0.64 / 1.2 + 0.4) / 2)


@pytest.mark.parametrize(("base", "novel"), [([], []), ([0.5], [0.5, 0.4])])
def test_draws_must_pair(base: list[float], novel: list[float]) -> None:
    with pytest.raises(InputError, match="base and novel must have one accuracy per draw, got"):
        base_to_novel(base, novel)


@pytest.mark.parametrize("value", [-0.1, float("nan")])
def test_accuracies_are_not_negative(value: float) -> None:
    with pytest.raises(InputError, match="accuracies must be finite and >= 0, got"):
        harmonic_mean(0.5, value)
