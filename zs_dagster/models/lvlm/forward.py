"""One batch through the model, in parts where it does not fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce

import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.lvlm.memory import BatchSize
from zs_dagster.models.lvlm.mode_choice import ModeChoice
from zs_dagster.models.lvlm.modes import SCORES
from zs_dagster.models.protocols import FrameArray


class Forward:
    """Runs batches in the mode that fits their frames."""

    def __init__(self, backend: Backend, batch_size: BatchSize, modes: ModeChoice) -> None:
        self._backend = backend
        self._batch_size = batch_size
        self._modes = modes

    def run(self, batch: Batch) -> Scored:
        """Score a batch that is not empty, some questions at once where there are many.

        What does not fit into memory is halved: the frames, and of one frame the questions.

        Raises:
            ModelError: If one question about one frame does not fit, or the model refuses
                the frames.
        """
        return reduce(Scored.beside, map(self._fitted, batch.groups()))

    def _fitted(self, batch: Batch) -> Scored:
        try:
            with names_the_frames(self._backend, batch.frames):
                return self._attempt(batch)
        except torch.OutOfMemoryError as error:
            if len(batch.frames) == len(batch.questions) == 1:
                raise _exhausted(self._backend, batch) from error
        # Not earlier: the error holds on to the memory of the attempt.
        self._batch_size.lower(len(batch.frames), len(batch.questions))
        joined = Scored.followed_by if len(batch.frames) > 1 else Scored.beside
        first, second = map(self._fitted, batch.halves())
        return joined(first, second)

    def _attempt(self, batch: Batch) -> Scored:
        mode = self._modes.of(*frame_size(batch.frames)).mode
        # Shapes that come once, and those of every single question, are not worth compiling.
        compiled = batch.is_whole and mode != "naive"
        return self._backend.run(lambda: SCORES[mode](self._backend, batch), compiled=compiled)


def frame_size(frames: FrameArray) -> tuple[int, int]:
    """Return height and width of ``(N, H, W, 3)`` frames."""
    return frames.shape[1], frames.shape[2]


@contextmanager
def names_the_frames(backend: Backend, frames: FrameArray) -> Iterator[None]:
    """Say which frames it was that a model refused."""
    try:
        yield
    except ValueError as error:
        # Some processors count other image tokens than their model for odd sizes.
        raise ModelError(
            f"{backend.name} must read frames of {_written(frames)}, and refused: {error}; "
            "use another frame size"
        ) from error


def _exhausted(backend: Backend, batch: Batch) -> ModelError:
    return ModelError(
        f"scoring must fit into memory, got none left for {backend.name} with 1 frame of "
        f"{_written(batch.frames)} and one question; use smaller frames, "
        "fewer image tokens (image: single-tile or video) or a smaller dtype"
    )


def _written(frames: FrameArray) -> str:
    return "x".join(map(str, frame_size(frames)))
