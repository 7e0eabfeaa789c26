"""Clips as long as those of real datasets, and the code of the graph over them.

The network has the architecture of ViT-B/32 (50 image tokens, 77 text tokens) with an eighth of
its widths, two layers and random weights. Frames lie in memory and are 120 pixels high.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import open_clip
import torch
from zar_reference import ZAR, reencoding

from assets.clip_frames import FramesOf, wanted_views
from assets.feature_requests import OfViews
from assets.zar_predictions import Job, Tuning
from zs_dagster.datasets.catalogue import SHIPPED, load_dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.datasets.splits import load_splits
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.store import Store
from zs_dagster.video.backends import DEFAULT_BACKEND
from zs_dagster.video.frames import Frames

VISION = {"layers": 2, "width": 96, "head_width": 32, "patch_size": 16, "image_size": 112}
TEXT = {"layers": 2, "width": 64, "heads": 2}


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


@dataclass(frozen=True)
class Shape:
    """How long the clips of a dataset are, and among how many classes one is told.

    Attributes:
        dataset: As people write it.
        frames: Of a clip, in the mean.
        fps: Frames per second.
        names: Classes as prompts have them.
    """

    dataset: str
    frames: int
    fps: int
    names: tuple[str, ...]


def shapes() -> list[Shape]:
    """Return those of HMDB51, UCF101 and a list of Kinetics-600's new classes."""
    hmdb51, ucf101, kinetics600 = (
        load_dataset(SHIPPED / f"{name}.yaml") for name in ("hmdb51", "ucf101", "kinetics600")
    )
    unseen = load_splits(kinetics600)["zsl220-0"].unseen
    return [
        Shape("HMDB51", 95, 30, tuple(hmdb51.prompt_names.values())),
        Shape("UCF101", 180, 25, tuple(ucf101.prompt_names.values())),
        Shape("Kinetics-600", 300, 30, tuple(kinetics600.prompt_names[c] for c in unseen)),
    ]


class Clips:
    """Pictures of a few clips and the graph's code over them.

    Attributes:
        rgb: Shape ``(T, H, W, 3)``, those of the first clip; others are rolled.
        times: Shape ``(T,)``, of all clips.
    """

    def __init__(self, encoder: OpenClipEncoder, shape: Shape, count: int) -> None:
        self.encoder, self.shape, self.count = encoder, shape, count
        self.times = np.arange(shape.frames) / shape.fps
        small = np.random.default_rng(0).integers(0, 256, (shape.frames, 8, 10, 3))
        self.rgb = small.repeat(15, axis=1).repeat(16, axis=2).astype(np.uint8)

    def pictures(self, number: int) -> np.ndarray:
        """All frames of a clip."""
        return np.roll(self.rgb, number, axis=2)

    def known(self, store: Store | None, number: int) -> FramesOf:
        """What the graph knows of a clip."""
        video = {
            "video_id": f"clip {number}",
            "content_hash": f"clip {number}",
            "backend": DEFAULT_BACKEND,
            "duration_s": self.shape.frames / self.shape.fps,
            "fps": self.shape.fps,
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

    def predict(self, store: Store, count: int, names: Sequence[str]) -> np.ndarray:
        """Do what `zar_predictions` does; returns the probabilities ``(count, K)``."""
        dataset = SimpleNamespace(prompt_names={name: name for name in names}, profile="small")
        models = SimpleNamespace(clip=lambda _: self.encoder)
        known = [self.known(store, number) for number in range(count)]
        frames = {one.video["video_id"]: one for one in known}
        job = Job("zar", ZAR, EvaluationSet("all", tuple(names), tuple(frames)))
        adapted, _ = Tuning(store, dataset, models, "random").run(job, frames)
        return torch.from_numpy(adapted.logits).softmax(dim=-1).numpy()

    def run(self, store: Store, count: int, *lists: Sequence[str]) -> list[np.ndarray]:
        """Do both, for some lists of classes or for all classes."""
        self.encode(store, count)
        return [self.predict(store, count, names) for names in lists or [self.shape.names]]

    def again(self, count: int, *lists: Sequence[str]) -> list[np.ndarray]:
        """Do what the reference does, for the same lists."""
        return [
            np.stack([self._reencoded(number, names) for number in range(count)])
            for names in lists or [self.shape.names]
        ]

    def _reencoded(self, number: int, names: Sequence[str]) -> np.ndarray:
        return reencoding(self.encoder, self.known(None, number), self.pictures(number), names)
