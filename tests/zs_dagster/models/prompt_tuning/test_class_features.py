"""Chunks change nothing, and memory is what was estimated."""

from typing import TYPE_CHECKING

import open_clip
import pytest
import torch
from open_clip.transformer import TextTransformer
from torch import Tensor

from zs_dagster.models.clip import Network
from zs_dagster.models.prompt_tuning.class_features import (
    BUDGET_BYTES,
    ClassFeatures,
    auto_chunk,
)
from zs_dagster.models.prompt_tuning.context import Prompts, build_prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower

if TYPE_CHECKING:
    from tests.zs_dagster.models.prompt_tuning.conftest import Clip


def parts(clip: "Clip") -> tuple[TextTower, Prompts]:
    tower = TextTower(clip.network.requires_grad_(False))
    return tower, build_prompts(tower, clip.tokenize, clip.names, "a video of a", ".")


@pytest.mark.parametrize("chunk", [1, 3, 5, "auto"])
def test_chunks_give_the_features_and_the_gradient_of_the_whole(
    clip: "Clip", chunk: int
) -> None:
    tower, prompts = parts(clip)
    classes = ClassFeatures(tower, prompts, chunk)
    context = classes.initial_context().requires_grad_()
    whole = tower.encode(prompts.inject(tower.embed(prompts.ids), context), prompts.ids)
    slopes = torch.randn_like(whole)
    (gradient,) = torch.autograd.grad(whole, context, slopes)
    torch.testing.assert_close(classes.encode(context), whole.detach(), atol=1e-5, rtol=1e-5)
    found = classes.pull_back(context, slopes)
    assert float((found - gradient).norm()) <= 1e-5 * float(gradient.norm())
    assert found.dtype == torch.float32


@pytest.mark.parametrize("chunk", [1, 3, "auto"])
def test_every_first_step_has_the_gradient_of_the_initial_context(
    clip: "Clip", chunk: int
) -> None:
    classes = ClassFeatures(*parts(clip), chunk)
    context = classes.initial_context()
    shape = classes.encode(context).shape
    for slopes in (torch.randn(shape), torch.randn(shape)):
        expected = classes.pull_back(context, slopes)
        assert torch.equal(classes.pull_back_from_start(slopes), expected)


def test_the_initial_context_is_encoded_once_for_all_first_steps(
    small: "Clip", monkeypatch: pytest.MonkeyPatch
) -> None:
    classes, calls = ClassFeatures(*parts(small), "auto"), 0
    encode = TextTower.encode

    def counted(tower: TextTower, embeddings: Tensor, ids: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return encode(tower, embeddings, ids)

    monkeypatch.setattr(TextTower, "encode", counted)
    slopes = torch.ones_like(small.text_features())
    for _ in range(3):
        classes.pull_back_from_start(slopes)
    assert calls == 1


def test_the_initial_context_is_that_of_the_words(clip: "Clip") -> None:
    classes = ClassFeatures(*parts(clip), "auto")
    features = classes.encode(classes.initial_context())
    torch.testing.assert_close(features, clip.text_features(), atol=1e-5, rtol=1e-5)


def test_the_chunk_follows_from_the_budget(small: "Clip") -> None:
    tower, prompts = parts(small)
    per_class = 15 * 32 * 2 * 4 * 10  # Ten widths kept and five used, two layers, ten tokens.
    assert auto_chunk(tower, prompts, 3 * per_class) == 3
    assert auto_chunk(tower, prompts, 3 * per_class - 1) == 2
    assert auto_chunk(tower, prompts, 1) == 1
    assert auto_chunk(tower, prompts) == BUDGET_BYTES // per_class


def test_activations_are_as_estimated_and_grow_with_the_length_of_the_prompt() -> None:
    network = open_clip.CustomTextCLIP(8, {"layers": 1, "width": 64}, {"layers": 1})
    network.text = TextTransformer(vocab_size=64)  # That of ViT-B/16, but for the words.
    network.eval().requires_grad_(False)
    long, short = (saved_bytes(network, length) for length in (77, 16))
    assert long / short == pytest.approx(4.8, abs=0.3)
    assert short == pytest.approx(16 * TextTower(network).bytes_per_token, rel=0.05)


def saved_bytes(network: Network, length: int) -> int:
    """What the backward pass of one class keeps, besides parameters; each storage once."""
    tower, ids = TextTower(network), torch.randint(1, 64, (1, length))
    embeddings = tower.embed(ids).requires_grad_()
    weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        features = tower.encode(embeddings, ids)
    torch.autograd.grad(features.sum(), embeddings)
    return sum(kept.values())
