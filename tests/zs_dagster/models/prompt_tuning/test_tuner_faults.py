"""What is not finite: steps are not taken, networks and features are refused."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor

from zs_dagster.errors import InputError, ModelError

if TYPE_CHECKING:
    from tests.zs_dagster.models.prompt_tuning.conftest import Clip


def test_a_step_without_a_finite_gradient_is_not_taken_and_is_told(small: "Clip") -> None:
    def overflow(_module: object, slopes: Sequence[Tensor], _: object) -> tuple[Tensor, ...]:
        return tuple(slope * torch.inf for slope in slopes)

    tuner, video = small.tuner(n_steps=2), small.video()
    with small.network.ln_final.register_full_backward_hook(overflow):
        tuned = tuner.tune(*video)
    assert tuned.is_skipped
    np.testing.assert_array_equal(tuned.probabilities, tuned.unadapted_probabilities)
    assert np.isfinite(tuned.probabilities).all()
    assert not tuner.tune(*video).is_skipped


def poison(_module: object, _inputs: object, output: Tensor) -> Tensor | None:
    """Break what is computed without a graph: features, but no gradient."""
    return None if torch.is_grad_enabled() else output * torch.nan


def test_a_step_to_features_that_are_not_finite_is_not_taken(small: "Clip") -> None:
    tuner, video = small.tuner(), small.video()
    with small.network.ln_final.register_forward_hook(poison):
        tuned = tuner.tune(*video)
    assert tuned.is_skipped
    np.testing.assert_array_equal(tuned.probabilities, tuned.unadapted_probabilities)


def test_a_network_whose_features_are_not_finite_is_refused(small: "Clip") -> None:
    with (
        small.network.ln_final.register_forward_hook(poison),
        pytest.raises(ModelError, match="text features must be finite, got NaN or infinity;"),
    ):
        small.tuner()


def test_features_of_another_model_are_refused(small: "Clip") -> None:
    tuner = small.tuner()
    views, final = small.video()
    with pytest.raises(InputError, match=r"must have the 24 dimensions of .*, got 7; use feat"):
        tuner.tune(views[..., :7], final)
    with pytest.raises(InputError, match=r"must have the 24 dimensions of .*, got 7; use feat"):
        tuner.tune(views, final[..., :7])
