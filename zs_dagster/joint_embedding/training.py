"""Training of the joint space: plain PyTorch on cached features, on the CPU."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from zs_dagster.digests import digest
from zs_dagster.errors import ModelError, ZsDagsterError
from zs_dagster.joint_embedding.captioned import CaptionedSegments, IntArray
from zs_dagster.joint_embedding.draws import Draw, generator
from zs_dagster.joint_embedding.held_out import HeldOut
from zs_dagster.joint_embedding.model import JointModel
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.records import Records, Rows
from zs_dagster.joint_embedding.split import split_by_video
from zs_dagster.joint_embedding.state import StateFile, copied
from zs_dagster.joint_embedding.tensors import Tensors

STAGE_VERSION = "2"
SAVE_EVERY_S = 20.0
RETRIEVAL = ("r1", "r5", "median_rank")

Row = dict[str, float]


class TrainingStoppedError(ZsDagsterError):
    """A training was asked to stop before its end; what was done is kept."""


@dataclass(frozen=True, eq=False)
class TrainedJoint:
    """What came of a training.

    Attributes:
        model: The joint space at its best epoch.
        history: After each epoch, the first before training: ``epoch``, ``validation_loss``,
            ``r1``, ``r5`` and ``median_rank`` of video -> caption, and from epoch 1 on
            ``train_loss`` (with dropout, while learning).
        metrics: Counts of data and sampler; retrieval of the best epoch and, beginning with
            ``untrained_``, of the model before training, on ``validation`` (which chose the
            epoch) and ``test`` (which chose nothing).
    """

    model: JointModel
    history: list[Row]
    metrics: Row


def train(
    data: CaptionedSegments,
    parameters: JointParameters,
    *,
    state: Path,
    should_stop: Callable[[], bool] = lambda: False,
    report: Callable[[Row], None] = lambda _: None,
) -> TrainedJoint:
    """Train a joint space, or go on with an unfinished training.

    Args:
        data: Captioned segments of at least six videos.
        parameters: Architecture, pairs and training.
        state: File of the unfinished training; written about every 20 seconds and when
            stopped. The caller deletes it once the model is stored.
        should_stop: Asked after each step.
        report: Called after each epoch with its row of the history.

    Returns:
        The same model whether or not the training was interrupted, on one kind of CPU and one
        number of threads.

    Raises:
        InputError: If there are too few videos, or the widths do not fit the parameters.
        ModelError: If the loss is not finite.
        StoreError: If the file is of another training.
        TrainingStoppedError: If it was asked to stop.
    """
    identity = digest(STAGE_VERSION, parameters.facts(), data.fingerprint())
    with torch.random.fork_rng([]):
        training = Training(data, parameters, StateFile(state, identity))
        training.run(should_stop, report)
        return training.result()


class Training:
    """A joint space on its way.

    Args:
        data: All segments.
        parameters: How to train.
        file: Where the unfinished training lies, or will lie.
    """

    def __init__(
        self, data: CaptionedSegments, parameters: JointParameters, file: StateFile
    ) -> None:
        self._parameters, self._file = parameters, file
        parts = split_by_video(
            data.video, parameters.validation_share, parameters.test_share, parameters.seed
        )
        widths = data.frames.shape[1], data.sentence_features.shape[1]
        self._model = JointModel.initial(*widths, parameters)
        self._tensors = Tensors(data, parameters)
        self._records = Records(data, parts.train, parameters, parameters.replicas)
        self._held_out = {
            name: HeldOut(data, part, parameters)
            for name, part in (("validation", parts.validation), ("test", parts.test))
            if len(part)
        }
        self._segments = {"train": len(parts.train)} | {
            name: len(getattr(parts, name)) for name in self._held_out
        }
        self._optimizer = torch.optim.AdamW(
            self._model.network.parameters(),
            lr=parameters.lr,
            betas=(parameters.beta1, parameters.beta2),
            eps=parameters.eps,
            weight_decay=parameters.weight_decay,
        )
        self._progress, self._best = file.load(self._model.network, self._optimizer)
        self._saved = time.monotonic()

    def run(self, should_stop: Callable[[], bool], report: Callable[[Row], None]) -> None:
        """Train to the end.

        Raises:
            ModelError: If the loss is not finite.
            TrainingStoppedError: If it was asked to stop.
        """
        progress = self._progress
        if not progress.history:
            self._measure()
            report(progress.history[-1])
        while not self._is_finished():
            for rows in self._records.epoch(progress.epoch + 1)[progress.step :]:
                self._step(rows)
                self._keep(should_stop)
            progress.epoch, progress.step = progress.epoch + 1, 0
            self._measure()
            report(progress.history[-1])
        self._save()

    def result(self) -> TrainedJoint:
        """Return the model of the best epoch and what is known about it."""
        network, progress = self._model.network, self._progress
        network.load_state_dict(self._best)
        network.eval()
        facts: Row = {f"segments_{name}": n for name, n in self._segments.items()}
        facts |= self._records.facts()
        facts |= {"epochs": progress.epoch, "best_epoch": progress.best_epoch}
        facts |= _named("validation_", progress.history[progress.best_epoch])
        facts |= _named("untrained_validation_", progress.history[0])
        if "test" in self._held_out:
            untrained = self._model.untrained().network
            facts |= _named("test_", self._held_out["test"].measure(network))
            facts |= _named("untrained_test_", self._held_out["test"].measure(untrained))
        return TrainedJoint(self._model, progress.history, facts)

    def _is_finished(self) -> bool:
        epoch, parameters = self._progress.epoch, self._parameters
        waited = epoch - self._progress.best_epoch
        return epoch >= parameters.epochs or waited >= parameters.patience

    def _step(self, rows: Rows) -> None:
        """Descend once."""
        progress, network = self._progress, self._model.network.train()
        place = progress.epoch + 1, progress.step
        seed = generator(self._parameters.seed, Draw.NETWORK, *place).integers(2**62)
        torch.manual_seed(int(seed))
        rng = generator(self._parameters.seed, Draw.WINDOW, *place)
        segments, of_row = self._passes(rows)
        offset = rng.random((len(segments), self._parameters.frames))
        self._optimizer.zero_grad(set_to_none=True)
        video = network.embed_videos(*self._tensors.videos(segments, offset))
        loss = self._tensors.loss(network, rows, video[torch.from_numpy(of_row)])
        if not torch.isfinite(loss):
            raise ModelError(
                f"the loss must be finite, got {loss.item()} in epoch {place[0]}; lower lr"
            )
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it bare
        if self._parameters.gradient_clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), self._parameters.gradient_clip)
        self._optimizer.step()
        progress.step += 1
        progress.loss += loss.item() * len(rows)
        progress.rows += len(rows)

    def _passes(self, rows: Rows) -> tuple[IntArray, IntArray]:
        """Return whose frames go through the network, and which pass each row is about."""
        if self._parameters.triplets_apart:
            return rows.segment, np.arange(len(rows))
        segments, of_row = np.unique(rows.segment, return_inverse=True)
        return segments, of_row

    def _measure(self) -> None:
        """Note what the network is like after an epoch, and keep it if it is the best."""
        progress, network = self._progress, self._model.network
        part = self._held_out["validation"]
        found = part.measure(network)
        row: Row = {"epoch": progress.epoch, "validation_loss": found.pop("loss"), **found}
        if progress.rows:
            row["train_loss"] = progress.loss / progress.rows
        progress.history.append(row)
        progress.loss, progress.rows = 0.0, 0
        criteria = self._criteria(row)
        if not progress.best or criteria < progress.best:
            progress.best, progress.best_epoch = criteria, progress.epoch
            self._best = copied(network)

    def _criteria(self, row: Row) -> list[float]:
        loss, retrieval = [row["validation_loss"]], [row["median_rank"], -row["r1"]]
        is_loss = self._parameters.select_by == "loss"
        return loss + retrieval if is_loss else retrieval + loss

    def _keep(self, should_stop: Callable[[], bool]) -> None:
        """Save now and then, and stop if asked to."""
        if should_stop():
            self._save()
            raise TrainingStoppedError(
                f"training stopped in epoch {self._progress.epoch + 1}; run it again to go on"
            )
        if time.monotonic() - self._saved >= SAVE_EVERY_S:
            self._save()

    def _save(self) -> None:
        self._file.save(self._progress, self._model.network, self._optimizer, self._best)
        self._saved = time.monotonic()


def _named(prefix: str, row: Row) -> Row:
    """Return loss and retrieval of a row of the history, named by what they are of."""
    loss = row.get("validation_loss", row.get("loss", 0.0))
    return {f"{prefix}loss": loss} | {f"{prefix}{name}": row[name] for name in RETRIEVAL}
