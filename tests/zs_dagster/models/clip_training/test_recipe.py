"""The recipe: its published values, its ranges and its learning rate."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.models.clip_training.recipe import PRESETS, Recipe, find_recipe


def test_the_presets_are_the_published_recipes() -> None:
    zar, vifi, few = (find_recipe(name) for name in ("zar", "vifi", "few-shot"))
    assert (zar.epochs, zar.batch, zar.rate, zar.frames) == (10, 256, 8e-6, 16)
    assert (zar.beta1, zar.beta2, zar.epsilon, zar.weight_decay) == (0.9, 0.98, 1e-8, 1e-3)
    assert not zar.soft_targets
    assert vifi.soft_targets
    assert (vifi.label_smoothing, vifi.mixup, vifi.cutmix) == (0.1, 0.8, 1.0)
    hard = replace(
        vifi, prompt=zar.prompt, frames=16, label_smoothing=0.0, mixup=0.0, cutmix=0.0
    )
    assert hard == zar
    assert (few.epochs, few.batch, few.rate, few.frames, few.shots) == (11, 64, 2e-6, 8, 16)


def test_the_rate_warms_up_from_zero_and_ends_at_a_hundredth() -> None:
    recipe = PRESETS["zar"]
    assert recipe.rate_at(0) == 0
    assert recipe.rate_at(2.5) == pytest.approx(4e-6)
    # Half way along the cosine when the warm-up ends: rate * (0.01 + 0.99 / 2).
    assert recipe.rate_at(5) == pytest.approx(8e-6 * 0.505)
    assert recipe.rate_at(10) == pytest.approx(8e-8)
    assert replace(recipe, warm_up_epochs=0).rate_at(0) == 8e-6


@given(st.floats(5, 10), st.floats(5, 10))
def test_after_the_warm_up_the_rate_never_rises(a: float, b: float) -> None:
    recipe = PRESETS["zar"]
    assert recipe.rate_at(min(a, b)) >= recipe.rate_at(max(a, b))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"epochs": 0}, "epochs must be >= 1, got 0"),
        ({"frames": 0}, "frames must be >= 1, got 0"),
        ({"rate": 0.0}, "rate must be > 0, got 0.0"),
        ({"rate": float("nan")}, "rate must be finite and >= 0, got nan"),
        ({"weight_decay": -1.0}, "weight_decay must be finite and >= 0, got -1.0"),
        ({"beta2": 1.0}, "beta2 must be below 1, got 1.0"),
        ({"label_smoothing": 1.0}, "label_smoothing must be below 1, got 1.0"),
        ({"flip": 1.5}, "flip must be at most 1, got 1.5"),
        ({"prompt": "a video"}, "prompt must be a text with {name}, got 'a video'"),
        ({"accumulation": 300}, "accumulation must be at most batch, 256, got 300"),
        ({"epochs": 3}, "warm_up_epochs must be at most epochs, 3, got 5"),
        ({"mixup": 0.8, "accumulation": 256}, "mixing needs two clips in each part of a batch"),
    ],
)
def test_values_out_of_range_are_refused(change: dict[str, object], rule: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(Recipe(), **change)  # type: ignore[arg-type] # wrong on purpose
    assert str(caught.value).startswith(rule)


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(InputError, match="recipe must be one of zar, vifi, few-shot, got 'x'"):
        find_recipe("x")
