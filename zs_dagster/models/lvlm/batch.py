"""What goes into one forward pass, and what comes out of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

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
        at_once: Questions per forward; all Q if not given.
    """

    frames: FrameArray
    questions: Sequence[str]
    prepared: tuple[Inputs, Plan] | None = None
    is_whole: bool = False
    ends_chunk: bool = True
    at_once: int | None = None

    def groups(self) -> Iterator["Batch"]:
        """Split the questions, ``at_once`` to a batch; the frames are prepared only once."""
        count = len(self.questions)
        step = self.at_once or count
        if count <= step:
            yield self
            return
        for start in range(0, count, step):
            stop, prepared = start + step, None
            if self.prepared:
                inputs, plan = self.prepared
                prepared = inputs, plan.part(start, stop)
            yield replace(self, questions=self.questions[start:stop], prepared=prepared)

    def halves(self) -> tuple["Batch", "Batch"]:
        """Split the frames into two batches that are still to be prepared.

        Of a single frame the questions are split; there must be more than one.
        """
        if len(self.frames) == 1:
            larger = -(-len(self.questions) // 2)
            first, second = replace(self, at_once=larger).groups()
            return first, second
        middle = len(self.frames) // 2
        return (
            Batch(self.frames[:middle], self.questions),
            Batch(self.frames[middle:], self.questions),
        )


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

    def beside(self, other: "Scored") -> "Scored":
        """Append more questions about the same frames; the mass stays that of these."""
        return Scored(torch.cat([self.log_odds, other.log_odds], dim=1), self.mass)
