"""Presets, changes to them, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.parameters import PRESETS, JointParameters, with_overrides


def test_the_published_preset_holds_the_published_values() -> None:
    published = PRESETS["cezsar-paper"]
    # As the entry point of the public code passes them.
    assert (published.d_model, published.joint, published.heads) == (1024, 128, 2)
    assert (published.lr, published.beta1, published.beta2) == (1e-4, 0.9, 0.99)
    assert (published.epochs, published.patience, published.batch) == (200, 20, 128)
    assert (published.replicas, published.n_negatives) == (3, 10)
    assert (published.d_min, published.d_max, published.margin) == (0.0, 0.8, 1.0)
    assert published.compat_batch_axis
    assert published.infer_norm == "none"
    assert published.pad_mode == "zero"
    assert not published.residual


def test_changes_leave_the_rest_of_the_preset() -> None:
    assert with_overrides("default", {}) == JointParameters()
    changed = with_overrides("cezsar-paper", {"lr": 1, "loss": "infonce"})
    assert changed == replace(PRESETS["cezsar-paper"], lr=1, loss="infonce")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 1}, "CEZSAR has the parameters residual, d_model.*'learning_rate'"),
        ({"loss": "hinge"}, "loss must be one of triplet, infonce, got 'hinge'"),
        ({"residual": 1}, "residual must be true or false, got 1"),
        ({"epochs": 0}, "epochs must be >= 1, got 0"),
        ({"epochs": 1.5}, "epochs must be a whole number >= 0, got 1.5"),
        ({"epochs": True}, "epochs must be a whole number >= 0, got True"),
        ({"seed": -1}, "seed must be a whole number >= 0, got -1"),
        ({"lr": "fast"}, "lr must be a finite number >= 0, got 'fast'"),
        ({"lr": float("nan")}, "lr must be a finite number >= 0, got nan"),
        ({"lr": 0.0}, "lr must be > 0, got 0.0"),
        ({"dropout": 1.0}, "dropout must be below 1, got 1.0"),
        ({"heads": 3}, "d_model must be a multiple of heads, 3, got 512"),
        ({"d_min": 0.8}, "d_max must be above d_min, 0.8, and at most 2, got 0.8"),
        ({"d_max": 2.1}, "d_max must be above d_min, 0.05, and at most 2, got 2.1"),
        ({"validation_share": 0.95}, "validation_share and test_share must be below 1"),
        ({"infer_norm": "none"}, "infer_norm must be layernorm where residual is true"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_overrides("default", changes)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="one of default, cezsar-paper, got 'paper'"):
        with_overrides("paper", {})
