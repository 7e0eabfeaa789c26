"""What cutting the prompts of ZAR saves of the gradient, and what chunks of classes cost."""

from collections.abc import Sequence

import torch
from measured import cpu_s
from torch import Tensor
from zar_clips import random_network

from zs_dagster.models.prompt_tuning.class_features import ClassFeatures
from zs_dagster.models.prompt_tuning.context import Prompts, build_prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower

CHUNK = 16


def cut_and_whole(names: Sequence[str]) -> tuple[Prompts, Prompts]:
    """Return the prompts of classes, as long as the longest and of 77 tokens."""
    network, _, tokenize = random_network("", None, "cpu")
    cut = build_prompts(TextTower(network), tokenize, names, "a video of a", ".")
    whole = tokenize([f"a video of a {name}." for name in names])
    return cut, Prompts(whole, cut.start, cut.end)


def costs(names: Sequence[str]) -> dict[str, float]:
    """Measure the gradient of whole prompts, of cut ones, and of cut ones in chunks."""
    tower = TextTower(random_network("", None, "cpu")[0])
    cut, whole = cut_and_whole(names)
    ways = {
        "whole": ClassFeatures(tower, whole, len(names)),
        "cut": ClassFeatures(tower, cut, len(names)),
        f"cut_in_chunks_of_{CHUNK}": ClassFeatures(tower, cut, CHUNK),
    }
    slopes = torch.randn(len(names), 64, generator=torch.Generator().manual_seed(0))
    found: dict[str, float] = {}
    for name, features in ways.items():
        context = features.initial_context()
        found[f"gradient_cpu_s_{name}"] = cpu_s(
            lambda f=features, c=context: f.pull_back(c, slopes)
        )
        found[f"largest_graph_mb_{name}"] = largest_graph_mb(features)
    return found


def largest_graph_mb(features: ClassFeatures) -> float:
    """Megabytes that one chunk saves for its backward pass, weights left out."""
    context = features.initial_context().requires_grad_()
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        alive = features._encode(context, features._chunks()[0])
    del alive
    return sum(kept.values()) / 1e6
