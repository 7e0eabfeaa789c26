"""What goes into one forward pass, and what comes out of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from zs_dagster.models.lvlm.plan import Plan
from zs_dagster.models.lvlm.untyped import Inputs
from zs_dagster.models.protocols import FrameArray


@dataclass(frozen=True, eq=False)
class Batch:
    """Frames of one size and the questions about each of them.

    Attributes:
        frames: uint8 RGB, ``(N, H, W, 3)``.
        questions: Q texts.
        prepared: Pixels as the model reads them and the plan of the questions; None where
            that is still to be done.
        is_whole: Whether the batch has the usual number of frames, not what was left over.
        ends_chunk: Whether the scores of a chunk are complete with this batch.
    """

    frames: FrameArray
    questions: Sequence[str]
    prepared: tuple[Inputs, Plan] | None = None
    is_whole: bool = False
    ends_chunk: bool = True

    def halves(self) -> tuple["Batch", "Batch"]:
        """Split the frames, N >= 2, into two batches that are still to be prepared."""
        middle = len(self.frames) // 2
        first, second = self.frames[:middle], self.frames[middle:]
        return Batch(first, self.questions), Batch(second, self.questions)


@dataclass(frozen=True, eq=False)
class Scored:
    """Answers to a batch.

    Attributes:
        log_odds: log P(yes) - log P(no), float32 ``(N, Q)``, on the device of the model.
        mass: Computes the mean of P(yes) + P(no) over the answers, in ``[0, 1]``; takes the
            whole output head, so ask for it once.
    """

    log_odds: torch.Tensor
    mass: Callable[[], float]

    def followed_by(self, other: "Scored") -> "Scored":
        """Append the frames of another batch; the mass stays that of this one."""
        return Scored(torch.cat([self.log_odds, other.log_odds]), self.mass)
