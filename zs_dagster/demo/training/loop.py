"""One step of training, alone or as one of several processes that average gradients."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import distributed, nn

WARM_UP_STEPS = 60
LAST_RATE = 0.02  # share of the rate left at the end
MAX_NORM = 1.0
REPORT_EVERY = 50


@dataclass(frozen=True)
class Team:
    """This process among those that train together.

    Attributes:
        rank: 0 reports and saves.
        size: Number of processes.
        device: Where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    def share(self, module: nn.Module) -> None:
        """Give every process the parameters of rank 0."""
        if self.size > 1:
            for parameter in module.parameters():
                distributed.broadcast(parameter.data, 0)

    def average(self, parameters: Sequence[nn.Parameter]) -> None:
        """Average gradients over the processes; one message, since each costs a wait."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        parts = flat.div_(self.size).split_with_sizes(
            [gradient.numel() for gradient in gradients]
        )
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def autocast(self) -> torch.autocast:
        """Compute in bfloat16 where that is safe; twice as fast, also on a CPU."""
        return torch.autocast(self.device.type, torch.bfloat16)


@dataclass
class Descent:
    """AdamW with warm-up and cosine decay over a fixed number of steps.

    Attributes:
        team: The processes.
        stage: Name in the reports.
        steps: Number of steps.
        rate: Highest learning rate.
        groups: Parameters, each group with a factor on the rate.
    """

    team: Team
    stage: str
    steps: int
    rate: float
    groups: Sequence[tuple[Sequence[nn.Parameter], float]]
    done: int = 0
    _started: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self._parameters = [parameter for group, _ in self.groups for parameter in group]
        self._optimizer = torch.optim.AdamW(
            [{"params": list(group), "factor": factor} for group, factor in self.groups],
            betas=(0.9, 0.98),
            weight_decay=0.03,
        )

    @property
    def progress(self) -> float:
        """Share of the steps that are done, 0 to 1."""
        return self.done / self.steps

    def step(self, loss: torch.Tensor, **numbers: float) -> None:
        """Descend once; rank 0 prints ``numbers`` now and then."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it bare
        self.team.average(self._parameters)
        nn.utils.clip_grad_norm_(self._parameters, MAX_NORM)
        decay = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * self.progress))
        rate = self.rate * min(1.0, (self.done + 1) / WARM_UP_STEPS) * decay
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self._optimizer.step()
        self.done += 1
        if self.team.rank == 0 and (self.done % REPORT_EVERY == 0 or self.done == self.steps):
            self._report({"loss": loss.item(), **numbers})

    def _report(self, numbers: dict[str, float]) -> None:
        rounded = {name: round(number, 3) for name, number in numbers.items()}
        seconds = round(time.time() - self._started)
        line = {"stage": self.stage, "step": self.done, "seconds": seconds, **rounded}
        print(json.dumps(line), flush=True)
