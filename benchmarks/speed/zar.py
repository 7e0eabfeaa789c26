"""ZAR: prompts tuned to each clip, against encoding all of its views and whole prompts anew.

The workload is UCF101's: clips of 7.2 s at 25 frames per second, 101 classes, the views of the
dataset files (4 rates x 4 windows x 3 crops x 16 frames, and 16 whole frames). The network has
the architecture of ViT-B/32 (50 image tokens, 77 text tokens) with an eighth of its widths, two
layers and random weights. The limit of a cold clip is preparing and encoding its different
crops, once each, and nothing else. A network that spends more on images has a ratio nearer to
that of the crops; the details say what FLOPs allow on ViT-B/16.

The reference does what test-time scripts do: per clip it encodes every frame of every view and
all prompts of 77 tokens in one forward, takes a step, encodes the prompts again and answers. It
shares our pixels, so that preparing them is no part of the ratio but weighs alike. Ours is the
code of the graph: the bank of `frame_features`, then `zar_predictions`. Pictures are in memory.

Usage: python benchmarks/speed/zar.py [--quick] [--json FILE].
"""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import open_clip
import torch
from measured import Measured, cpu_s, main
from torch import Tensor
from zar_reference import ZAR, reencoding

from assets.clip_frames import FramesOf, final_times, wanted_views, zar_views
from assets.feature_requests import OfViews
from assets.zar_predictions import Job, Tuning
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.clip_cost import clip_cost
from zs_dagster.models.crops import EVAL, crop_names
from zs_dagster.models.prompt_tuning.class_features import ClassFeatures
from zs_dagster.models.prompt_tuning.context import build_prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower
from zs_dagster.store import Store
from zs_dagster.video.backends import DEFAULT_BACKEND
from zs_dagster.video.frames import Frames

SECONDS, FPS, CLASSES = 7.2, 25, 101
SIZE = (120, 160)
VISION = {"layers": 2, "width": 96, "head_width": 32, "patch_size": 16, "image_size": 112}
TEXT = {"layers": 2, "width": 64, "heads": 2}
WORDS = ["riding", "a", "small", "horse", "down", "hill", "quickly", "and", "home", "again"]
NAMES = [" ".join((WORDS * 2)[i % 10 : i % 10 + 1 + i % 9]) + f" {i}" for i in range(CLASSES)]
HALVES = [NAMES[start : start + CLASSES // 2] for start in (0, CLASSES // 4, CLASSES // 2)]
REFERENCE = "encoding all views and whole prompts of each clip"
PARITY = 1e-4
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

    def predict(self, store: Store, count: int, classes: Sequence[str] = NAMES) -> np.ndarray:
        """Do what `zar_predictions` does; returns the probabilities ``(count, K)``."""
        labels = dict(zip(NAMES, NAMES, strict=True))
        dataset = SimpleNamespace(prompt_names=labels, profile="small")
        models = SimpleNamespace(clip=lambda _: self.encoder)
        names = self.names[:count]
        job = Job("zar", ZAR, EvaluationSet("all", tuple(classes), tuple(names)))
        frames = {name: self.known(store, number) for number, name in enumerate(names)}
        adapted, _ = Tuning(store, dataset, models, "random").run(job, frames)
        return torch.from_numpy(adapted.logits).softmax(dim=-1).numpy()

    def run(
        self, store: Store, count: int, lists: Sequence[Sequence[str]] = (NAMES,)
    ) -> list[np.ndarray]:
        """Do both, for some lists of classes."""
        self.encode(store, count)
        return [self.predict(store, count, classes) for classes in lists]

    def again(self, count: int, lists: Sequence[Sequence[str]] = (NAMES,)) -> list[np.ndarray]:
        """Do what the reference does, for some lists of classes."""
        encoder, clips = self.encoder, range(count)
        return [
            np.stack(
                [reencoding(encoder, self.known(None, n), self.pictures(n), o) for n in clips]
            )
            for o in lists
        ]


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
    counts = {times: base * times for times in (1, 4, 16)}
    with tempfile.TemporaryDirectory() as folder:
        check(clips, folder, few)
        cold = {
            times: fresh(folder, lambda store, n=n: clips.run(store, n))
            for times, n in counts.items()
        }
        again = cpu_s(lambda: clips.again(few), 1) / few * counts[16]
        halves = fresh(folder, lambda store: clips.run(store, few, HALVES))
        halves_again = cpu_s(lambda: clips.again(few, HALVES), 1)
        store = Store(Path(folder) / "kept")
        clips.encode(store, counts[16])
        tuned = cpu_s(lambda: clips.predict(store, counts[16]), 1)
        warm = {times: cpu_s(lambda n=n: clips.run(store, n)) for times, n in counts.items()}
    said = prompts()
    of, source = f"{counts[16]} clips, {CLASSES} classes", f"{REFERENCE}, from {few} clips"
    return [
        row(
            f"cold: {of}",
            (cold[16], again, source),
            3,
            limit=counts[16] * cpu_s(partial(once, clips)),
            limit_is="preparing and encoding the different crops",
            growth=cold,
            details=sizes(clips, said),
        ),
        row(
            f"cold, {len(HALVES)} lists of classes: {few} clips, half of the classes each",
            (halves, halves_again, REFERENCE),
            3,
        ),
        row(
            f"frames encoded before, prompts not tuned: {of}",
            (tuned, again, source),
            None,
            details=said,
        ),
        row(f"warm, all in the store: {of}", (warm[16], again, source), 20, growth=warm),
    ]


def row(
    what: str,
    found: tuple[float, float, str],
    goal: int | None,
    **more: Any,  # noqa: ANN401
) -> Measured:
    """Put CPU seconds of ours and of the reference into the table."""
    ours, reference, reference_is = found
    return Measured(
        what=f"ZAR, {what}",
        unit="CPU s",
        ours=ours,
        reference=reference,
        reference_is=reference_is,
        goal=f"{goal} times the reference" if goal else "",
        reached=ours <= reference / goal if goal else None,
        **more,
    )


def check(clips: Clips, folder: str, count: int) -> None:
    """Refuse to time what answers otherwise."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        (ours,) = clips.run(Store(Path(name)), count)
    (theirs,) = clips.again(count)
    np.testing.assert_allclose(ours, theirs, atol=PARITY)
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.argmax(axis=1))


def once(clips: Clips) -> None:
    """Encode the different crops of the first clip."""
    known, rgb = clips.known(None, 0), clips.pictures(0)
    shown = np.searchsorted(clips.times, np.unique(zar_views(known, ZAR)))
    for crop in crop_names(ZAR.crops):
        clips.encoder.encode_frames(rgb[shown], crop)
    last = np.searchsorted(clips.times, final_times(known, ZAR))
    clips.encoder.encode_frames(rgb[last], EVAL)


def sizes(clips: Clips, said: Mapping[str, float]) -> dict[str, float]:
    """How many crops of frames each encodes for a clip, and what FLOPs of ViT-B/16 allow."""
    times, crops = zar_views(clips.known(None, 0), ZAR), len(crop_names(ZAR.crops))
    every, different = (
        n * crops + ZAR.frames_eval for n in (times.size, np.unique(times).size)
    )
    cost, cut = clip_cost("ViT-B-16"), said["tokens_cut"] / said["tokens_whole"]
    # Three passes of all whole prompts; two of what is left of them.
    theirs = every * cost.frame + 3 * CLASSES * cost.text
    ours = different * cost.frame + 2 * cut * CLASSES * cost.text
    return {
        "crops_of_views": every,
        "different_crops": different,
        "ratio_of_crops": every / different,
        "ratio_of_flops_on_ViT-B-16": theirs / ours,
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
