"""Small worlds of captioned segments; torch on one thread, as several wait for each other."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.parameters import JointParameters, with_overrides

MakeSegments = Callable[..., CaptionedSegments]
SMALL = {
    "d_model": 16,
    "joint": 8,
    "heads": 2,
    "feed_forward": 16,
    "frames": 4,
    "n_negatives": 3,
    "batch": 8,
    "epochs": 3,
    "lr": 1e-2,
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small() -> Callable[..., JointParameters]:
    """Make parameters of a network that trains in no time."""

    def make(preset: str = "default", **changes: object) -> JointParameters:
        return with_overrides(preset, {**SMALL, **changes})

    return make


@pytest.fixture
def make_segments() -> MakeSegments:
    """Make a world: videos of two segments, each with a caption and one more sentence."""

    def make(seed: int = 0, videos: int = 12, width: int = 6) -> CaptionedSegments:
        rng = np.random.default_rng(seed)
        count = 2 * videos
        length = rng.integers(1, 9, count)
        meaning = rng.normal(size=(count, width))
        frames = np.repeat(meaning, length, axis=0)
        sentences = np.concatenate([meaning, meaning])
        numbers = np.arange(count)
        return CaptionedSegments(
            frames=(frames + rng.normal(size=frames.shape)).astype(np.float32),
            first=np.concatenate([[0], np.cumsum(length)]),
            video=[f"video {n // 2}" for n in range(count)],
            sentences=[f"{kind} {n}" for kind in ("caption", "object") for n in range(count)],
            sentence_features=(sentences + rng.normal(size=sentences.shape)).astype(np.float32),
            caption=numbers,
            positives=np.stack([np.tile(numbers, 2), np.arange(2 * count)], axis=1),
        )

    return make
