"""Smoothed and mixed truths."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.models.clip_training.mixing import mix, targets
from zs_dagster.models.clip_training.recipe import Recipe

TRUTH = torch.eye(4)
# Each clip is one number, its own, everywhere.
CLIPS = torch.arange(4.0).view(4, 1, 1, 1, 1).expand(4, 2, 3, 8, 8)


def test_labels_by_hand() -> None:
    rows = targets(torch.tensor([1, 0]), 2, 0.1)
    torch.testing.assert_close(rows, torch.tensor([[0.05, 0.95], [0.95, 0.05]]))
    assert torch.equal(targets(torch.tensor([1]), 3, 0), torch.tensor([[0.0, 1.0, 0.0]]))


def test_nothing_is_mixed_unasked() -> None:
    clips, truth = mix(CLIPS, TRUTH, Recipe(), np.random.default_rng(0))
    assert clips is CLIPS
    assert truth is TRUTH


@pytest.mark.parametrize(
    "kinds", [{"mixup": 0.8}, {"cutmix": 1.0}, {"mixup": 0.8, "cutmix": 1}]
)
@given(seed=st.integers(0, 500))
def test_pixels_and_truth_are_mixed_in_one_proportion(
    kinds: dict[str, float], seed: int
) -> None:
    recipe = Recipe(accumulation=1, **kinds)  # type: ignore[arg-type] # floats all
    clips, truth = mix(CLIPS, TRUTH, recipe, np.random.default_rng(seed))
    torch.testing.assert_close(truth.sum(1), torch.ones(4))
    # The mean pixel of a clip is the mean of the numbers of its classes.
    torch.testing.assert_close(clips.mean((1, 2, 3, 4)), truth @ torch.arange(4.0))


def test_cutmix_pastes_a_box_and_mixup_blends() -> None:
    rng = np.random.default_rng(3)
    cut, _ = mix(CLIPS, TRUTH, Recipe(cutmix=1.0, accumulation=1), rng)
    assert set(cut.flatten().tolist()) <= {0.0, 1.0, 2.0, 3.0}
    blended, _ = mix(CLIPS, TRUTH, Recipe(mixup=0.8, accumulation=1), rng)
    assert blended.flatten(1).std(1).max() == 0


def test_each_kind_comes_when_both_are_asked() -> None:
    recipe = Recipe(mixup=0.8, cutmix=1.0, accumulation=1)
    spreads = [
        float(mix(CLIPS, TRUTH, recipe, np.random.default_rng(seed))[0].flatten(1).std(1).max())
        for seed in range(40)
    ]
    assert 8 <= sum(spread > 0 for spread in spreads) <= 32
