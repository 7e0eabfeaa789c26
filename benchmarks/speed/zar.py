"""ZAR: prompts tuned to each clip, against encoding all of its views and whole prompts anew.

The workload is UCF101's: clips of 7.2 s at 25 frames per second, 101 classes, the views of the
dataset files (4 rates x 4 windows x 3 crops x 16 frames, and 16 whole frames). The network has
the architecture of ViT-B/32 (50 image tokens, 77 text tokens) with an eighth of its widths, two
layers and random weights, so one number is more like the ratio of a GPU than another: real
networks spend more on images, and the ratio of a clip that is cold is nearer to that of images.

The reference does what test-time scripts do: per clip it encodes every frame of every view and
all prompts of 77 tokens in one forward, takes a step, encodes the prompts again and answers. It
shares our pixels, so that preparing them is no part of the ratio but weighs alike. Ours is the
code of the graph: the bank of `frame_features`, then `zar_predictions`. Pictures are in memory.

Usage: python benchmarks/speed/zar.py [--quick] [--json FILE].
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import open_clip
import torch
from measured import Measured, cpu_s, exponent, main
from torch import Tensor
from torch.nn.functional import normalize

from assets.clip_frames import FramesOf, final_times, wanted_views, zar_views
from assets.feature_requests import OfViews
from assets.zar_predictions import Job, Tuning
from zs_dagster.datasets.classification import ZarClassifier
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.crops import EVAL, crop_names
from zs_dagster.models.prompt_tuning.class_features import ClassFeatures
from zs_dagster.models.prompt_tuning.context import build_prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower
from zs_dagster.store import Store
from zs_dagster.video.backends import DEFAULT_BACKEND
from zs_dagster.video.frames import Frames

SECONDS, FPS, CLASSES = 7.2, 25, 101
SIZE = (120, 160)
ZAR = ZarClassifier(classifier="zar")
VISION = {"layers": 2, "width": 96, "head_width": 32, "patch_size": 16, "image_size": 112}
TEXT = {"layers": 2, "width": 64, "heads": 2}
WORDS = ["riding", "a", "small", "horse", "down", "hill", "quickly", "and", "home", "again"]
NAMES = [" ".join((WORDS * 2)[i % 10 : i % 10 + 1 + i % 9]) + f" {i}" for i in range(CLASSES)]
PARITY = 2e-3
"""Of probabilities; the bank rounds features to float16."""
CHUNK = 16


def random_network(_model: str, _pretrained: str | None, _device: str) -> tuple[Any, None, Any]:
    """Build the small network instead of loading one."""
    torch.manual_seed(0)
    network = open_clip.CLIP(64, VISION, TEXT).eval().requires_grad_(False)
    size = VISION["image_size"]
    open_clip.model.set_model_preprocess_cfg(
        network,
        {"size": size, "mode": "RGB", "resize_mode": "shortest", "interpolation": "bicubic"}
        | {"mean": (0.48, 0.46, 0.41), "std": (0.27, 0.26, 0.28), "fill_color": 0},
    )
    return network, None, open_clip.get_tokenizer("ViT-B-32")


class Clips:
    """Pictures of a few clips and the graph's code over them.

    Attributes:
        rgb: Shape ``(T, H, W, 3)``, those of the first clip; others are rolled.
        times: Shape ``(T,)``, of all clips.
    """

    def __init__(self, encoder: OpenClipEncoder, count: int) -> None:
        self.encoder, self.names = encoder, [f"clip {number}" for number in range(count)]
        self.times = np.arange(round(SECONDS * FPS)) / FPS
        small = np.random.default_rng(0).integers(0, 256, (len(self.times), 8, 10, 3))
        self.rgb = small.repeat(15, axis=1).repeat(16, axis=2).astype(np.uint8)

    def pictures(self, number: int) -> np.ndarray:
        """All frames of a clip."""
        return np.roll(self.rgb, number, axis=2)

    def known(self, store: Store | None, number: int) -> FramesOf:
        """What the graph knows of a clip."""
        video = {
            "video_id": self.names[number],
            "content_hash": self.names[number],
            "backend": DEFAULT_BACKEND,
            "duration_s": SECONDS,
            "fps": FPS,
        }
        return FramesOf(store, video, "random", self.times)

    def encode(self, store: Store, count: int) -> None:
        """Do what `frame_features` does: encode the frames and crops that the bank lacks."""
        dataset = SimpleNamespace(
            classification=SimpleNamespace(classifiers={"zar": ZAR}, fill="wanted")
        )
        for number in range(count):
            known = self.known(store, number)
            wanted = wanted_views(dataset, known)
            request = OfViews(store, known.video, "random", self.times, wanted)
            if not request.is_done():
                shown = Frames(self.pictures(number), self.times, self.times)
                request.take([shown], self.encoder)

    def predict(self, store: Store, count: int) -> np.ndarray:
        """Do what `zar_predictions` does; returns the probabilities ``(count, K)``."""
        labels = dict(zip(NAMES, NAMES, strict=True))
        dataset = SimpleNamespace(prompt_names=labels, profile="small")
        models = SimpleNamespace(clip=lambda _: self.encoder)
        names = self.names[:count]
        job = Job("zar", ZAR, EvaluationSet("all", tuple(NAMES), tuple(names)))
        frames = {name: self.known(store, number) for number, name in enumerate(names)}
        adapted, _ = Tuning(store, dataset, models, "random").run(job, frames)
        return torch.from_numpy(adapted.logits).softmax(dim=-1).numpy()

    def run(self, store: Store, count: int) -> np.ndarray:
        """Do both."""
        self.encode(store, count)
        return self.predict(store, count)


def reencoding(clips: Clips, number: int) -> np.ndarray:
    """Classify a clip as test-time scripts do; returns the probabilities ``(K,)``."""
    known, pictures = clips.known(None, number), clips.pictures(number)
    network = clips.encoder.network

    def feature(times: np.ndarray, crop: str) -> Tensor:
        rgb = pictures[np.searchsorted(clips.times, times)]
        mean = torch.from_numpy(clips.encoder.encode_frames(rgb, crop)).mean(dim=0)
        return normalize(mean, dim=-1)

    crops = crop_names(ZAR.crops)
    views = torch.stack([feature(t, crop) for t in zar_views(known, ZAR) for crop in crops])
    ids = clips.encoder.tokenize([f"a video of a {name}." for name in NAMES])
    context = network.token_embedding(ids[0, 1:5]).clone().requires_grad_()
    optimizer = torch.optim.AdamW([context], lr=5e-3, weight_decay=0.01)
    log_p = (network.logit_scale.exp() * views @ texts(network, ids, context).T).log_softmax(-1)
    sure = (log_p.exp() * log_p).sum(-1).argsort(descending=True, stable=True)
    mean = log_p[sure[: int(0.8 * len(views))]].exp().mean(0)
    (-(mean * mean.log()).sum()).backward()
    optimizer.step()
    with torch.no_grad():
        last = feature(final_times(known, ZAR), EVAL)
        logits = network.logit_scale.exp() * last @ texts(network, ids, context).T
    return logits.softmax(-1).numpy()


def texts(network: Any, ids: Tensor, context: Tensor) -> Tensor:  # noqa: ANN401
    """Encode whole prompts with a context in place of tokens 1 to 4."""
    embedded = network.token_embedding(ids)
    shared = context.expand(len(ids), -1, -1)
    x = torch.cat([embedded[:, :1], shared, embedded[:, 5:]], dim=1)
    x = network.transformer(x + network.positional_embedding, attn_mask=network.attn_mask)
    x = network.ln_final(x)[torch.arange(len(ids)), ids.argmax(dim=-1)]
    return normalize(x @ network.text_projection, dim=-1)


def fresh(folder: str, work: Callable[[Store], object]) -> float:
    """CPU seconds of a call upon an empty store."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        return cpu_s(lambda: work(Store(Path(name))), 1)


def measure(quick: bool) -> list[Measured]:
    """Time clips that nothing is known of, that are encoded, and that are predicted."""
    logging.disable()
    torch.set_num_threads(1)
    clip.load_open_clip = random_network
    base, few = (1, 2) if quick else (4, 8)
    clips = Clips(OpenClipEncoder("small", device="cpu"), 16 * base)
    clips.encoder.encode_frames(clips.rgb[:8])
    with tempfile.TemporaryDirectory() as folder:
        reference = cpu_s(lambda: [reencoding(clips, n) for n in range(few)], 1) / few
        check(clips, folder, few)
        counts = {times: base * times for times in (1, 4, 16)}
        grown = {
            times: fresh(folder, lambda store, n=n: clips.run(store, n))
            for times, n in counts.items()
        }
        store = Store(Path(folder) / "kept")
        clips.encode(store, 16 * base)
        tuned = cpu_s(lambda: clips.predict(store, 16 * base), 1)
        warm = {times: cpu_s(lambda n=n: clips.run(store, n)) for times, n in counts.items()}
    return rows(16 * base, reference * 16 * base, few, (grown, tuned, warm))


def rows(
    count: int,
    reference: float,
    few: int,
    found: tuple[dict[int, float], float, dict[int, float]],
) -> list[Measured]:
    """Put what was found into the table."""
    grown, tuned, warm = found
    common = {
        "unit": "CPU s",
        "reference": reference,
        "reference_is": f"encoding all views and whole prompts of each clip, from {few} clips",
    }
    of = f"{count} clips of {SECONDS} s, {CLASSES} classes"
    return [
        Measured(
            what=f"ZAR, cold: {of}",
            ours=grown[16],
            goal="3 times the reference",
            reached=grown[16] <= reference / 3,
            growth=grown,
            details=sizes(),
            **common,
        ),
        Measured(
            what=f"ZAR with other classes or parameters (frames encoded before): {of}",
            ours=tuned,
            details=prompts(),
            **common,
        ),
        Measured(
            what=f"ZAR, warm (all found in the store): {of}",
            ours=warm[16],
            goal="20 times the reference, exponent at most 1.15",
            reached=warm[16] <= reference / 20 and exponent(warm) <= 1.15,
            growth=warm,
            **common,
        ),
    ]


def check(clips: Clips, folder: str, count: int) -> None:
    """Refuse to time what answers otherwise."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        ours = clips.run(Store(Path(name)), count)
    theirs = np.stack([reencoding(clips, number) for number in range(count)])
    np.testing.assert_allclose(ours, theirs, atol=PARITY)
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.argmax(axis=1))


def sizes() -> dict[str, float]:
    """How many crops of frames each encodes for a clip."""
    clips = Clips.__new__(Clips)
    clips.names, clips.times = ["clip 0"], np.arange(round(SECONDS * FPS)) / FPS
    times, crops = zar_views(clips.known(None, 0), ZAR), len(crop_names(ZAR.crops))
    return {
        "crops_of_views": times.size * crops + ZAR.frames_eval,
        "different_crops": np.unique(times).size * crops + ZAR.frames_eval,
    }


def prompts() -> dict[str, float]:
    """What cutting the prompts saves of the gradient, and what chunks of classes cost."""
    network, _, tokenize = random_network("", None, "cpu")
    tower = TextTower(network)
    cut = build_prompts(tower, tokenize, NAMES, "a video of a", ".")
    whole = type(cut)(tokenize([f"a video of a {n}." for n in NAMES]), cut.start, cut.end)
    ways = {
        "whole": ClassFeatures(tower, whole, CLASSES),
        "cut": ClassFeatures(tower, cut, CLASSES),
        f"cut_in_chunks_of_{CHUNK}": ClassFeatures(tower, cut, CHUNK),
    }
    slopes = torch.randn(CLASSES, 64, generator=torch.Generator().manual_seed(0))
    lengths = whole.ids.shape[1], cut.ids.shape[1]
    found: dict[str, float] = dict(zip(("tokens_whole", "tokens_cut"), lengths, strict=True))
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


if __name__ == "__main__":
    main("zar", __doc__ or "", measure)
