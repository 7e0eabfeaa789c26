"""Small random models of every supported kind, with real tokenizers."""

from collections.abc import Callable, Iterator, Sequence
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
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.profiles import load_profile
from zs_dagster.models.prompt_tuning.context import Tokenize
from zs_dagster.models.prompt_tuning.parameters import ZarParameters
from zs_dagster.models.prompt_tuning.tuner import PromptTuner
from zs_dagster.models.protocols import FeatureArray

Network: TypeAlias = Any
Value: TypeAlias = Any

NAMES = ["archery", "playing the violin", "brush hair", "apply eye makeup", "golf swing"]
DEMO_NAMES = ("a red ball slides right", "a purple square", "a green star", "a ball", "red")
WORDS = sorted({word for name in [*NAMES, "a video of a ."] for word in name.split()})
UNKNOWN = "?"
TokenizerClass: Value = PreTrainedTokenizerFast  # Ships without types.
DIM = 24
LENGTH = 20


@dataclass(frozen=True)
class Clip:
    """A model and its tokenizer, and what they are asked about."""

    network: Network
    tokenize: Tokenize
    names: Sequence[str] = tuple(NAMES)
    has_start: bool = True

    @property
    def dim(self) -> int:
        return int(self.network.visual.output_dim)

    def ids(self) -> Tensor:
        """Of the prompts of all classes, as long as the model takes."""
        prompts = [f"a video of a {name}." for name in self.names]
        return self.tokenize(prompts, context_length=self.network.context_length)

    def text_features(self) -> Tensor:
        """What the model itself makes of the prompts."""
        with torch.no_grad():
            features: Tensor = self.network.encode_text(self.ids())
        return features

    def tuner(self, **parameters: Value) -> PromptTuner:
        return PromptTuner(self.network, self.tokenize, self.names, ZarParameters(**parameters))

    def video(
        self, seed: int = 0, n_views: int = 6, n_frames: int = 3
    ) -> tuple[FeatureArray, FeatureArray]:
        """Features of frames around a mixture of two classes: of views, of the final view."""
        rng = np.random.default_rng(seed)
        texts = self.text_features().float()
        texts = (texts / texts.norm(dim=1, keepdim=True)).numpy()
        middle = texts[seed % len(texts)] + 0.8 * texts[(seed + 1) % len(texts)]
        noise = rng.normal(size=(n_views + 1, n_frames, self.dim)) / self.dim**0.5
        frames = 7 * (middle + 0.7 * noise).astype(np.float32)
        return frames[:-1], frames[-1]


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
    ids = {
        word: place for place, word in enumerate(["<pad>", "<end>", "<start>", UNKNOWN, *WORDS])
    }
    vocabulary = Vocabulary(models.WordLevel(ids, UNKNOWN))
    vocabulary.pre_tokenizer = pre_tokenizers.Whitespace()
    start = "<start> " if has_start else ""
    vocabulary.post_processor = processors.TemplateProcessing(
        single=f"{start}$A <end>", special_tokens=[("<start>", 2), ("<end>", 1)]
    )
    special = {"pad_token": "<pad>", "eos_token": "<end>", "unk_token": UNKNOWN}
    fast = TokenizerClass(tokenizer_object=vocabulary, **special)
    fast.save_pretrained(str(folder))
    tokenize: Tokenize = HFTokenizer(str(folder), context_length=LENGTH, clean="lower")
    return tokenize


def byte_pairs() -> Tokenize:
    tokenize: Tokenize = SimpleTokenizer(context_length=LENGTH)
    return tokenize


def vit(_folder: Path) -> Clip:
    return Clip(open_clip.CLIP(DIM, vision(), text()), byte_pairs())


def resnet(_folder: Path) -> Clip:
    tower = vision(layers=(1, 1, 1, 1), head_width=16)
    network = open_clip.CLIP(DIM, tower, text(proj_bias=True), quick_gelu=True)
    return Clip(network, byte_pairs())


def eva(_folder: Path) -> Clip:
    network = open_clip.CustomTextCLIP(32, vision(), text(proj_type="none"))
    return Clip(network, byte_pairs())


def siglip(folder: Path) -> Clip:
    tower = text(
        no_causal_mask=True, pool_type="last", proj_bias=True, vocab_size=4 + len(WORDS)
    )
    network = open_clip.CustomTextCLIP(DIM, vision(), tower, init_logit_bias=-10)
    return Clip(network, words_tokenizer(folder, has_start=False), has_start=False)


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


def trained(_folder: Path) -> Clip:
    encoder = OpenClipEncoder(load_profile("demo").clip.model, device="cpu")
    return Clip(encoder.network, encoder.tokenize, DEMO_NAMES)


KINDS: dict[str, Callable[[Path], Clip]] = {
    build.__name__: build for build in (vit, resnet, eva, siglip, padded, trained)
}
CAUSAL = ("vit", "resnet", "eva", "trained")


def build(kind: str, folder: Path) -> Clip:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        clip = KINDS[kind](folder)
        if kind != "trained":
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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The trained model that ships with the demo."""
    return build("trained", tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Tokenize:
    """A tokenizer of whole words, without a start token, as SigLIP has none."""
    return words_tokenizer(tmp_path_factory.mktemp("tokenizer"), has_start=False)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    # Threads cost more than they save on matrices this small.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
