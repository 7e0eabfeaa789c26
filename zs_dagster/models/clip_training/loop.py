"""The training itself: both towers, on clips, against the texts of all classes.

Source: ViFi-CLIP (arXiv:2212.03640): a clip is the mean of its frames' features, made length 1
after the mean; logits are its cosines with the class texts times the model's own scale.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.nn import functional

from zs_dagster.errors import ModelError
from zs_dagster.models.clip_training.augment import training_view
from zs_dagster.models.clip_training.base import Base
from zs_dagster.models.clip_training.batches import (
    Draw,
    IntArray,
    batches,
    generator,
    parts,
    read_ahead,
    steps_per_epoch,
)
from zs_dagster.models.clip_training.mixing import mix, targets
from zs_dagster.models.clip_training.recipe import Recipe
from zs_dagster.models.clip_training.source import ClipSource
from zs_dagster.models.clip_training.state import Checkpoints, Counters
from zs_dagster.models.clip_training.texts import text_features
from zs_dagster.models.protocols import FrameArray
from zs_dagster.progress import track

Read: TypeAlias = tuple[FrameArray, np.random.Generator]


@dataclass(frozen=True)
class Pace:
    """What changes speed and safety, never the outcome.

    Attributes:
        workers: Threads that read clips.
        save_every: Steps between checkpoints; there is one after each epoch as well.
    """

    workers: int = 4
    save_every: int = 500


@dataclass(frozen=True)
class Job:
    """What decides the outcome, besides the model that training begins with.

    Attributes:
        source: The clips, each with the place of its class in ``names``.
        names: Class label -> the class as written in prompts.
        recipe: How to train.
        seed: Of everything random, >= 0.
        notes: Facts to keep in `training.json`.
    """

    source: ClipSource
    names: Mapping[str, str]
    recipe: Recipe
    seed: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must share with the one that was begun."""
        return {
            "data": self.source.fingerprint,
            "classes": [list(pair) for pair in self.names.items()],
            "recipe": self.recipe.facts(),
            "seed": self.seed,
        }


class Training:
    """A CLIP on its way; `run` goes on from the last checkpoint to the end.

    Args:
        base: The model; it is changed in place.
        job: What to do.
    """

    def __init__(self, base: Base, job: Job) -> None:
        recipe = job.recipe
        self._base, self._source, self._recipe, self._seed = base, job.source, recipe, job.seed
        self._network = base.network.train()
        prompts = [recipe.prompt.format(name=name) for name in job.names.values()]
        self._tokens = base.tokenize(prompts).to(base.device)
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(),
            lr=recipe.rate,
            betas=(recipe.beta1, recipe.beta2),
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
        )
        self._mean, self._std = (
            torch.tensor(base.preprocess[key], device=base.device).view(3, 1, 1)
            for key in ("mean", "std")
        )
        self._per_epoch = steps_per_epoch(len(job.source), recipe.batch)
        self._part = -(-recipe.batch // recipe.accumulation)

    def run(self, checkpoints: Checkpoints, pace: Pace) -> list[dict[str, float]]:
        """Train to the end and return what was measured in each epoch.

        Raises:
            ModelError: If the loss is not finite.
        """
        counters = checkpoints.load(self._network, self._optimizer)
        total = self._recipe.epochs * self._per_epoch
        # Dropout, where a model has any, draws from torch's own generator.
        devices = [self._base.device] if self._base.device.startswith("cuda") else []
        with torch.random.fork_rng(devices), closing(self._steps(counters, pace)) as steps:
            for _ in track(steps, "training", total - counters.step):
                at_end = counters.step % self._per_epoch == 0
                if at_end or counters.step % pace.save_every == 0:
                    checkpoints.save(counters, self._network, self._optimizer)
        return counters.epochs

    def _steps(self, counters: Counters, pace: Pace) -> Generator[None, None, None]:
        """Do the remaining steps, one per item."""
        for epoch in range(counters.step // self._per_epoch, self._recipe.epochs):
            todo = batches(self._seed, epoch, len(self._source), self._recipe.batch)
            todo = todo[counters.step % self._per_epoch :]
            numbers = (int(number) for batch in todo for number in batch)
            reading = ((epoch, number) for number in numbers)
            with closing(read_ahead(self._read, reading, pace.workers)) as clips:
                for batch in todo:
                    self._step(batch, clips, counters)
                    if counters.step % self._per_epoch == 0:
                        self._end_epoch(epoch, counters)
                    yield

    def _read(self, place: tuple[int, int]) -> Read:
        """Read a clip in a thread; torch has threads of its own, so it stays out of here."""
        epoch, number = place
        rng = generator(self._seed, Draw.VIEW, epoch, number)
        return self._source.frames(number, rng), rng

    def _view(self, read: Read) -> torch.Tensor:
        frames, rng = read
        return training_view(frames, self._base.side, self._recipe, rng, self._base.device)

    def _step(self, batch: IntArray, clips: Iterator[Read], counters: Counters) -> None:
        """Take one batch, part by part, and descend once."""
        rate = self._recipe.rate_at(counters.step / self._per_epoch)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        rng = generator(self._seed, Draw.NETWORK, counters.step)
        torch.manual_seed(int(rng.integers(2**62)))
        self._optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            texts = text_features(self._network, self._tokens, self._recipe.text_chunk)
        # All parts share the texts, so their gradient is gathered here and sent back once.
        gathered = texts.detach().requires_grad_()
        for place, part in enumerate(parts(batch, self._part)):
            views = torch.stack([self._view(next(clips)) for _ in part])
            self._part_step(views, part, gathered, counters, (place, len(batch)))
        texts.backward(gathered.grad)  # type: ignore[no-untyped-call] # torch leaves it bare
        self._optimizer.step()
        counters.step += 1

    def _part_step(
        self,
        clips: torch.Tensor,
        numbers: IntArray,
        texts: torch.Tensor,
        counters: Counters,
        place: tuple[int, int],
    ) -> None:
        """Send back the gradient of one part's share of the mean loss of the batch."""
        part, of = place
        known = [self._source.label(int(number)) for number in numbers]
        labels = torch.tensor(known, device=clips.device)
        truth = targets(labels, len(texts), self._recipe.label_smoothing)
        rng = generator(self._seed, Draw.MIX, counters.step, part)
        clips, truth = mix(clips, truth, self._recipe, rng)
        logits = self._logits(clips, texts)
        loss = functional.cross_entropy(logits, truth, reduction="sum")
        if not torch.isfinite(loss):
            raise ModelError(
                f"the loss must be finite, got {loss.item()} in step {counters.step}; "
                "lower the learning rate, or check the weights that training began with"
            )
        (loss / of).backward()  # type: ignore[no-untyped-call] # torch leaves it bare
        counters.loss += loss.item()
        counters.correct += int((logits.argmax(1) == labels).sum())
        counters.clips += len(labels)

    def _logits(self, clips: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        """Return ``(B, K)`` for clips ``(B, F, 3, S, S)`` in 0 to 1."""
        frames = (clips.flatten(0, 1) - self._mean) / self._std
        with self._autocast():
            features = self._network.encode_image(frames)
        videos = features.float().view(*clips.shape[:2], -1).mean(1)
        scale: torch.Tensor = self._network.logit_scale.exp()
        return scale * functional.normalize(videos, dim=-1) @ texts.T

    def _autocast(self) -> torch.autocast:
        """Compute in bfloat16 on a GPU, in float32 on a CPU."""
        kind = self._base.device.partition(":")[0]
        return torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda")

    def _end_epoch(self, epoch: int, counters: Counters) -> None:
        """Note what the epoch was like, and begin to count anew."""
        counters.epochs.append(
            {
                "epoch": epoch + 1,
                "loss": counters.loss / counters.clips,
                "accuracy": counters.correct / counters.clips,
                "logit_scale": float(self._network.logit_scale.detach().exp()),
            }
        )
        counters.loss, counters.correct, counters.clips = 0.0, 0, 0
