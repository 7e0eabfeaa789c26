"""How frames become views."""

from typing import get_args

import pytest
import torch

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.prompt_tuning.fusion import fuse
from zs_dagster.models.prompt_tuning.parameters import Fusion

UNIT = torch.nn.functional.normalize


def test_embedding_is_the_direction_of_the_mean() -> None:
    frames = torch.tensor([[[3.0, 0.0], [0.0, 1.0]]])
    torch.testing.assert_close(fuse(frames, "embedding"), torch.tensor([[3, 1]]) / 10**0.5)


def test_decision_averages_the_logits_of_frames() -> None:
    frames, texts = torch.randn(4, 3, 8), UNIT(torch.randn(5, 8), dim=-1)
    logits = fuse(frames, "decision") @ texts.T
    torch.testing.assert_close(logits, (UNIT(frames, dim=-1) @ texts.T).mean(dim=1))


def test_image_makes_every_frame_a_view_in_order() -> None:
    frames = torch.randn(4, 3, 8)
    rows = fuse(frames, "image")
    torch.testing.assert_close(rows.reshape(4, 3, 8), UNIT(frames, dim=-1))


def test_embedding_and_decision_differ_by_the_length_of_the_mean() -> None:
    frames = UNIT(torch.randn(4, 3, 8), dim=-1)
    length = frames.mean(dim=1).norm(dim=-1, keepdim=True)
    torch.testing.assert_close(fuse(frames, "embedding") * length, fuse(frames, "decision"))


def test_views_may_come_pooled_to_embedding() -> None:
    frames = torch.randn(4, 3, 8)
    pooled = fuse(frames.mean(dim=1), "embedding")
    torch.testing.assert_close(pooled, fuse(frames, "embedding"))


def test_half_precision_features_give_float32_rows() -> None:
    frames = torch.randn(4, 3, 8).half()
    for fusion in get_args(Fusion):
        torch.testing.assert_close(fuse(frames, fusion), fuse(frames.float(), fusion))


@pytest.mark.parametrize("fusion", ["decision", "image"])
def test_other_fusions_need_the_frames(fusion: Fusion) -> None:
    with pytest.raises(InputError, match=rf"fusion '{fusion}' must .* got \(4, 8\)"):
        fuse(torch.ones(4, 8), fusion)


@pytest.mark.parametrize("shape", [(8,), (0, 3, 8), (4, 0, 8), (1, 4, 3, 8)])
def test_there_must_be_frames(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"none of them 0, got \("):
        fuse(torch.ones(shape), "embedding")


@pytest.mark.parametrize("fusion", get_args(Fusion))
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_features_without_a_direction_are_refused(fusion: Fusion, value: float) -> None:
    frames = torch.ones(4, 3, 8)
    frames[2] = value
    with pytest.raises(ModelError, match="must be finite and not zero, got NaN, infinity or"):
        fuse(frames, fusion)
