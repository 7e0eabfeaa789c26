"""Prototype-centric test-time adaptation: two linear heads tuned to one video, as in AdaZAD.

Published code tunes the projections of CLIP. What is stored here are features after projection,
so a linear head is put behind the frames and one behind the text, both the identity at first.

Reference:
    FreeZAD with adaptation (AdaZAD), arXiv:2501.13795; the loss follows BYOL (Grill et al.,
    arXiv:2006.07733).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.localization.similarity_curve import moving_average, samples_in, similarity
from zs_dagster.segments import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

FRAME_RATE = 30.0  # Of the videos whose frames the published settings count.
NUM_PICKED = 4
PROTOTYPE_REACH_S, JITTER_S = 15 / FRAME_RATE, 10 / FRAME_RATE
FRAME_HEAD_SHARE = 1e-3  # Of the learning rate.
TARGET_SHARE = 0.8
MOMENTA, EPSILON = (0.9, 0.999), 1e-8


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: Of Adam, per video and class.
        learning_rate: Of the text head; the frame head has a thousandth of it.
        weight_decay: Of Adam.
        smoothing_s: Of the similarity whose highest sample is the prototype, seconds.
    """

    steps: int
    learning_rate: float
    weight_decay: float
    smoothing_s: float


class Head:
    """A square matrix, the identity at first, and its Adam (Kingma and Ba, arXiv:1412.6980).

    Our own few lines of it: importing torch's optimisers costs more than most adaptations.
    """

    def __init__(self, width: int, learning_rate: float, weight_decay: float) -> None:
        import torch

        self.weight = torch.eye(width, dtype=torch.float64, requires_grad=True)
        self._rate, self._decay, self._steps = learning_rate, weight_decay, 0
        self._mean, self._square = np.zeros((2, width, width))

    def step(self, slope: "Tensor") -> None:
        """Follow the gradient of a loss, shape ``(D, D)``."""
        import torch

        gradient = (slope + self._decay * self.weight.detach()).numpy()
        self._steps += 1
        self._mean += (1 - MOMENTA[0]) * (gradient - self._mean)
        self._square += (1 - MOMENTA[1]) * (gradient**2 - self._square)
        mean, square = (
            moment / (1 - beta**self._steps)
            for moment, beta in zip((self._mean, self._square), MOMENTA, strict=True)
        )
        change = self._rate * mean / (np.sqrt(square) + EPSILON)
        with torch.no_grad():
            self.weight -= torch.from_numpy(change)


class Heads:
    """Two linear heads, one behind the frames and one behind the text."""

    def __init__(self, width: int, schedule: Schedule) -> None:
        rate, decay = schedule.learning_rate, schedule.weight_decay
        self._schedule = schedule
        self._frame = Head(width, rate * FRAME_HEAD_SHARE, decay)
        self._text = Head(width, rate, decay)

    def apply(self, frames: FloatArray, text: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return frames ``(T, D)`` and text ``(D,)`` behind the heads as they are now."""
        frame, told = (h.weight.detach().numpy() for h in (self._frame, self._text))
        return frames @ frame, text @ told

    def adapt(
        self,
        frames: FloatArray,
        text: FloatArray,
        time_s: FloatArray,
        generator: np.random.Generator,
    ) -> None:
        """Take all steps on one class of one video.

        Args:
            frames: Shape ``(T, D)``, T >= 1.
            text: Shape ``(D,)``.
            time_s: Shape ``(T,)``, seconds.
            generator: Draws the frames of each step.
        """
        for _ in range(self._schedule.steps):
            curve = similarity(*self.apply(frames, text))
            width = samples_in(self._schedule.smoothing_s, time_s)
            smooth = moving_average(curve, width)
            positive = positives(smooth, samples_in(PROTOTYPE_REACH_S, time_s), generator)
            negative = negatives(smooth, samples_in(JITTER_S, time_s), generator)
            self._step(frames[positive], frames[negative], text)

    def _step(self, positive: FloatArray, negative: FloatArray, text: FloatArray) -> None:
        import torch

        told = torch.from_numpy(text) @ self._text.weight
        near = torch.from_numpy(positive) @ self._frame.weight
        far = torch.from_numpy(negative) @ self._frame.weight
        alike = torch.cosine_similarity(torch.cat([near, far]), told[None], dim=-1)
        wanted = torch.cat([torch.ones(len(near)), torch.zeros(len(far))]).double()
        loss = byol(alike, wanted) + byol(near, told)
        slopes = torch.autograd.grad(loss, [self._frame.weight, self._text.weight])
        self._frame.step(slopes[0])
        self._text.step(slopes[1])


def byol(prediction: "Tensor", target: "Tensor") -> "Tensor":
    """The loss of the published code: ``2 - 2 mean(sum_0(p (0.8 q + 0.2 / dim)))``.

    ``p`` and ``q`` are the arguments with rows of unit length. The sum is over the first
    dimension and the mean over the rest, as published; usual is the other way round.
    """
    from torch.nn.functional import normalize

    p, q = normalize(prediction, dim=-1), normalize(target, dim=-1)
    width = prediction.shape[-1]
    softened = TARGET_SHARE * q + (1 - TARGET_SHARE) / width
    return 2 - 2 * (p * softened).sum(dim=0).mean()


def positives(curve: FloatArray, reach: int, generator: np.random.Generator) -> IndexArray:
    """Draw frames near the one that resembles the class most; at least its neighbours."""
    best, reach = int(np.argmax(curve)), max(reach, 1)
    near = np.arange(max(best - reach, 0), min(best + reach + 1, curve.size))
    drawn = generator.choice(near, NUM_PICKED, replace=near.size < NUM_PICKED)
    return np.asarray(drawn, dtype=np.intp)


def negatives(curve: FloatArray, jitter: int, generator: np.random.Generator) -> IndexArray:
    """Pick frames evenly from the least similar ones, each moved a little.

    The published code takes the ``100 n mod T`` lowest of T frames; where that leaves fewer
    than n, all are taken here.
    """
    count = 100 * NUM_PICKED % curve.size
    lowest = np.argsort(curve, kind="stable")[: count if count >= NUM_PICKED else curve.size]
    picked = lowest[np.linspace(0, lowest.size - 1, NUM_PICKED).round().astype(np.intp)]
    moved = picked + generator.integers(-jitter, jitter + 1, NUM_PICKED)
    return np.asarray(np.clip(moved, 0, curve.size - 1), dtype=np.intp)


class Adaptation:
    """Adapts to one class of one video after the other.

    Args:
        schedule: How long and how fast.
        seed: Of the frames drawn; they depend on it, the video and the class alone.
        episodic: Start each time from the identity. Otherwise heads and optimiser go on from
            the video before, as they do in the published code, and the order counts.
    """

    def __init__(self, schedule: Schedule, seed: int, *, episodic: bool) -> None:
        self._schedule, self._seed, self._episodic = schedule, seed, episodic
        self._heads: Heads | None = None

    def adapted(
        self, frames: FloatArray, text: NDArray[Any], time_s: FloatArray, name: bytes
    ) -> tuple[FloatArray, FloatArray]:
        """Return frames and text as the adapted heads see them.

        Args:
            frames: Shape ``(T, D)``, T >= 1.
            text: Shape ``(D,)``.
            time_s: Shape ``(T,)``, seconds.
            name: Digest of video and class.
        """
        told = np.asarray(text, dtype=np.float64)
        if self._heads is None or self._episodic:
            self._heads = Heads(frames.shape[1], self._schedule)
        generator = np.random.default_rng([self._seed, int.from_bytes(name, "little")])
        with _one_thread():
            self._heads.adapt(frames, told, time_s, generator)
        return self._heads.apply(frames, told)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Work on one thread: the matrices are small, and sums keep one order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
