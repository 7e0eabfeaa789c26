"""Small random models of every supported kind, with real tokenizers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import open_clip
import pytest
import torch
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from open_clip.transformer import TextTransformer
from tokenizers import Tokenizer as Vocabulary
from tokenizers import models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.profiles import load_profile
from zs_dagster.models.prompt_tuning.context import Tokenize
from zs_dagster.models.protocols import FeatureArray

Network: TypeAlias = Any

NAMES = ["archery", "playing the violin", "brush hair", "apply eye makeup", "golf swing"]
WORDS = sorted({word for name in [*NAMES, "a video of a ."] for word in name.split()})
DIM = 24
LENGTH = 20


@dataclass(frozen=True)
class Clip:
    """A model and its tokenizer."""

    network: Network
    tokenize: Tokenize


def vision(**changes: object) -> dict[str, object]:
    return {
        "image_size": 32,
        "layers": 1,
        "width": 32,
        "head_width": 16,
        "patch_size": 16,
    } | changes


def text(**changes: object) -> dict[str, object]:
    return {
        "context_length": LENGTH,
        "width": 32,
        "heads": 2,
        "layers": 2,
        "vocab_size": 49408,
    } | changes


def words_tokenizer(folder: Path, *, has_start: bool) -> Tokenize:
    """A tokenizer of words through the loading code of published ones, SigLIP's way if bare."""
    ids = {word: place for place, word in enumerate(["<pad>", "<end>", "<start>", "?", *WORDS])}
    vocabulary = Vocabulary(models.WordLevel(ids, unk_token="?"))
    vocabulary.pre_tokenizer = pre_tokenizers.Whitespace()
    start = "<start> " if has_start else ""
    vocabulary.post_processor = processors.TemplateProcessing(
        single=f"{start}$A <end>", special_tokens=[("<start>", 2), ("<end>", 1)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=vocabulary, pad_token="<pad>", eos_token="<end>", unk_token="?"
    )
    fast.save_pretrained(str(folder))
    tokenize: Tokenize = HFTokenizer(str(folder), context_length=LENGTH, clean="lower")
    return tokenize


def byte_pairs() -> Tokenize:
    tokenize: Tokenize = SimpleTokenizer(context_length=LENGTH)
    return tokenize


def vit(folder: Path) -> Clip:
    return Clip(open_clip.CLIP(DIM, vision(), text()), byte_pairs())


def resnet(folder: Path) -> Clip:
    tower = vision(layers=(1, 1, 1, 1), head_width=16)
    network = open_clip.CLIP(DIM, tower, text(proj_bias=True), quick_gelu=True)
    return Clip(network, byte_pairs())


def eva(folder: Path) -> Clip:
    network = open_clip.CustomTextCLIP(32, vision(), text(proj_type="none"))
    return Clip(network, byte_pairs())


def siglip(folder: Path) -> Clip:
    tower = text(
        no_causal_mask=True, pool_type="last", proj_bias=True, vocab_size=4 + len(WORDS)
    )
    network = open_clip.CustomTextCLIP(DIM, vision(), tower, init_logit_bias=-10)
    return Clip(network, words_tokenizer(folder, has_start=False))


def padded(folder: Path) -> Clip:
    network = open_clip.CustomTextCLIP(DIM, vision(), text())
    network.text = TextTransformer(
        **text(vocab_size=4 + len(WORDS)),
        output_dim=DIM,
        no_causal_mask=True,
        use_pad_mask=True,
        pool_type="eos",
        eos_id=1,
        pad_id=0,
    )
    return Clip(network, words_tokenizer(folder, has_start=True))


def demo(folder: Path) -> Clip:
    encoder = OpenClipEncoder(load_profile("demo").clip.model, device="cpu")
    return Clip(encoder.network, encoder.tokenize)


KINDS: dict[str, Callable[[Path], Clip]] = {
    build.__name__: build for build in (vit, resnet, eva, siglip, padded, demo)
}
CAUSAL = ("vit", "resnet", "eva", "demo")


def build(kind: str, folder: Path) -> Clip:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        clip = KINDS[kind](folder)
        if kind != "demo":
            sharpen(clip.network)
    clip.network.eval()
    return clip


def sharpen(network: Network) -> None:
    """Give a fresh model the scale of trained ones, and biases that are not zero."""
    with torch.no_grad():
        network.logit_scale.fill_(np.log(100.0))
        for name, parameter in network.named_parameters():
            if name.endswith("bias") and parameter.ndim:
                parameter.normal_(std=0.02)


@pytest.fixture(scope="session", params=list(KINDS))
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Each kind of model."""
    return build(request.param, tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session", params=CAUSAL)
def causal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Each kind whose prompts can be cut behind their ends."""
    return build(request.param, tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """One model where the kind does not matter."""
    return build("vit", tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def width(network: Network) -> int:
    return int(network.visual.output_dim)


@pytest.fixture(scope="session")
def video() -> Callable[..., tuple[FeatureArray, FeatureArray]]:
    """Frames of views and of the final view, like one another, of a model's dimensions."""

    def draw(
        clip: Clip, seed: int = 0, n_views: int = 6, n_frames: int = 3
    ) -> tuple[FeatureArray, FeatureArray]:
        rng = np.random.default_rng(seed)
        dim = width(clip.network)
        middle = rng.normal(size=dim)
        views = middle + rng.normal(size=(n_views, n_frames, dim))
        final = middle + rng.normal(size=(n_frames, dim))
        return views.astype(np.float32), final.astype(np.float32)

    return draw
