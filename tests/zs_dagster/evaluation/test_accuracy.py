"""Accuracy: by hand, by property, and the intervals around it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.accuracy import (
    NOTHING,
    RankedClasses,
    confusion_matrix,
    hits,
    per_class_accuracy,
)
from zs_dagster.evaluation.accuracy_intervals import accuracy_interval, mean_class_interval
from zs_dagster.evaluation.bootstrap import Resampling

CLASSES = ("jump", "run", "walk", "wave")
TRUTH = {"a": ["jump"], "b": ["jump"], "c": ["run"], "d": ["walk", "run"], "e": ["walk"]}
FOUND = {"a": ["jump", "run"], "b": ["run", "jump"], "c": ["walk", "jump"], "d": ["run"]}
HAND = RankedClasses.from_rows(TRUTH, FOUND, CLASSES)


def drawn(seed: int, n: int = 30, n_classes: int = 5) -> RankedClasses:
    """Single labels; a third of the predictions are right."""
    draw = np.random.default_rng(seed)
    target = draw.integers(0, n_classes, n)
    ranked = np.array([draw.permutation(n_classes) for _ in range(n)])
    ranked[draw.random(n) < 0.1] = NOTHING
    return RankedClasses(np.eye(n_classes, dtype=np.bool_)[target], ranked)


def test_by_hand() -> None:
    # Right at once: a, and d by one of its two classes. b is right at second sight.
    assert hits(HAND, 1).tolist() == [True, False, False, True, False]
    assert hits(HAND, 2).tolist() == [True, True, False, True, False]
    np.testing.assert_array_equal(
        confusion_matrix(HAND),
        [[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]],
    )
    np.testing.assert_array_equal(per_class_accuracy(HAND), [0.5, 0.5, 0.5, np.nan])


@given(st.integers(0, 2**32 - 1))
def test_more_guesses_never_hurt_and_all_of_them_hit(seed: int) -> None:
    outcome = drawn(seed)
    shares = np.array([hits(outcome, k) for k in range(1, 6)])
    assert (shares[:-1] <= shares[1:]).all()
    np.testing.assert_array_equal(shares[-1], outcome.ranked[:, 0] != NOTHING)


@given(st.integers(0, 2**32 - 1))
def test_the_confusion_matrix_counts_every_video_once(seed: int) -> None:
    outcome = drawn(seed)
    counts = confusion_matrix(outcome)
    assert counts.sum() == len(outcome.truth)
    assert np.trace(counts) == hits(outcome, 1).sum()
    np.testing.assert_array_equal(counts.sum(axis=1), outcome.truth.sum(axis=0))
    assert counts[:, -1].sum() == (outcome.ranked[:, 0] == NOTHING).sum()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_order_of_videos_does_not_matter(seed: int, k: int) -> None:
    outcome, order = drawn(seed), np.random.default_rng(seed).permutation(30)
    turned = RankedClasses(outcome.truth[order], outcome.ranked[order])
    np.testing.assert_array_equal(hits(turned, k), hits(outcome, k)[order])
    np.testing.assert_array_equal(per_class_accuracy(turned), per_class_accuracy(outcome))


def test_with_equally_many_videos_a_class_the_two_means_agree() -> None:
    draw = np.random.default_rng(0)
    outcome = RankedClasses(
        np.eye(4, dtype=np.bool_)[np.arange(40) % 4], draw.integers(0, 4, (40, 1))
    )
    assert per_class_accuracy(outcome).mean() == pytest.approx(hits(outcome, 1).mean())


def test_wilson_by_hand() -> None:
    # z = 1.959964; 7 of 10: (0.7 + z²/20 ± z sqrt(0.021 + z²/400)) / (1 + z²/10).
    found = accuracy_interval(7, 10)
    z = 1.959963984540054
    middle, half = 0.7 + z * z / 20, z * (0.021 + z * z / 400) ** 0.5
    assert found.value == 0.7
    assert found.low == pytest.approx((middle - half) / (1 + z * z / 10))
    assert found.high == pytest.approx((middle + half) / (1 + z * z / 10))


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_mirrored_contains_the_share_and_is_never_empty(
    case: tuple[int, int],
) -> None:
    right, n = case
    found, mirrored = accuracy_interval(right, n), accuracy_interval(n - right, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)
    assert found.high - found.low > 0.9 / (n + 4)


def test_wilson_covers_the_true_share_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).binomial(60, 0.8, 2000)
    covered = {int(x): accuracy_interval(int(x), 60) for x in np.unique(draws)}
    share = np.mean([covered[int(x)].low <= 0.8 <= covered[int(x)].high for x in draws])
    assert 0.93 <= share <= 0.97


@pytest.mark.parametrize("n", [8, 40])
def test_the_interval_of_the_mean_over_classes_is_that_of_drawing_videos(n: int) -> None:
    outcome = drawn(3, n=n)
    found = mean_class_interval(outcome, Resampling(num_resamples=4000, seed=1))
    draw, means = np.random.default_rng(2), []
    for _ in range(4000):
        rows = draw.integers(0, n, n)
        again = RankedClasses(outcome.truth[rows], outcome.ranked[rows])
        means.append(np.nanmean(per_class_accuracy(again)))
    low, high = np.quantile(means, [0.025, 0.975])
    assert found.value == pytest.approx(np.nanmean(per_class_accuracy(outcome)))
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_the_seed_decides_the_interval(seed: int) -> None:
    outcome = drawn(seed)
    first = mean_class_interval(outcome, Resampling(num_resamples=300, seed=1))
    assert first == mean_class_interval(outcome, Resampling(num_resamples=300, seed=1))
    assert 0 <= first.low <= first.high <= 1


@pytest.mark.parametrize(
    ("truth", "ranked", "rule"),
    [
        (np.zeros((0, 2)), np.zeros((0, 1)), r"N >= 1, got \(0, 2\) and \(0, 1\)"),
        (np.ones((2, 2)), np.zeros(2), r"must have shapes \(N, K\) and \(N, R\)"),
        (np.ones((1, 2)), np.zeros((2, 1)), "each of 2 predicted videos .*, got 1 that do"),
        (np.zeros((1, 2)), np.zeros((1, 1)), "must have a true class, got 0 that do"),
        (np.ones((1, 2)), np.full((1, 1), 2), "must lie in 0 … 1, got 2 … 2"),
        (np.ones((1, 2)), np.full((1, 1), -2), "must lie in 0 … 1, got -2 … -2"),
    ],
)
def test_outcomes_that_make_no_sense_are_refused(
    truth: np.ndarray, ranked: np.ndarray, rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        RankedClasses(truth.astype(np.bool_), ranked.astype(np.int64))
