"""An unfinished training on disk: one file, with all that is needed to go on."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from zs_dagster.errors import StoreError, is_damage
from zs_dagster.files import atomic_path
from zs_dagster.joint_embedding.network import JointNetwork

Weights = dict[str, torch.Tensor]
IDENTITY, PROGRESS = "identity", "progress"
NETWORK, BEST, MOMENT = "network", "best", "moment"


@dataclass
class Progress:
    """How far a training is.

    Random numbers need no state: each is drawn by its place (`draws`), and the generator of
    torch is seeded anew before each step.

    Attributes:
        epoch: Finished epochs.
        step: Steps done in the running one.
        loss: Sum over its rows so far.
        rows: Those rows.
        best: Criteria of the best epoch, lower is better; empty before the first measurement.
        best_epoch: When that was.
        history: What was measured after each epoch; the first is before training.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    rows: int = 0
    best: list[float] = field(default_factory=list)
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class StateFile:
    """The file of an unfinished training; it is whole or absent.

    Attributes:
        path: Safetensors, with how far it is as JSON in the header.
        identity: Digest of what decides the outcome.
    """

    path: Path
    identity: str

    def save(
        self,
        progress: Progress,
        network: JointNetwork,
        optimizer: torch.optim.Optimizer,
        best: Weights,
    ) -> None:
        """Replace the file."""
        groups = {NETWORK: copied(network), BEST: best, MOMENT: _moments(network, optimizer)}
        tensors = {f"{g}:{name}": t for g, named in groups.items() for name, t in named.items()}
        header = {IDENTITY: self.identity, PROGRESS: json.dumps(asdict(progress))}
        with atomic_path(self.path) as temporary:
            save_file(tensors, temporary, header)

    def load(
        self, network: JointNetwork, optimizer: torch.optim.Optimizer
    ) -> tuple[Progress, Weights]:
        """Put the file, if there is one, into network and optimiser; return the rest.

        Raises:
            StoreError: If the file cannot be read or is of another training.
        """
        if not self.path.exists():
            return Progress(), {}
        try:
            with safe_open(self.path, "pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        except Exception as error:
            if not is_damage(error):
                raise
            raise StoreError(self._unusable(f"cannot be read ({error})")) from error
        if header.get(IDENTITY) != self.identity:
            raise StoreError(self._unusable("is of other data or parameters"))
        groups: dict[str, Weights] = {NETWORK: {}, BEST: {}, MOMENT: {}}
        try:
            for joined, tensor in tensors.items():
                group, _, name = joined.partition(":")
                groups[group][name] = tensor
            network.load_state_dict(groups[NETWORK])
            _restore(network, optimizer, groups[MOMENT])
            return Progress(**json.loads(header[PROGRESS])), groups[BEST]
        except Exception as error:
            if not is_damage(error):
                raise
            raise StoreError(self._unusable(f"is not what was written ({error})")) from error

    def _unusable(self, why: str) -> str:
        said = " ".join(why.split())
        return f"unfinished training '{self.path}' {said}; delete it to begin anew"


def copied(network: JointNetwork) -> Weights:
    """Return copies of the weights by name."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _moments(network: JointNetwork, optimizer: torch.optim.Optimizer) -> Weights:
    return {
        f"{name}:{key}": tensor
        for name, parameter in network.named_parameters()
        for key, tensor in optimizer.state.get(parameter, {}).items()
    }


def _restore(network: JointNetwork, optimizer: torch.optim.Optimizer, moments: Weights) -> None:
    parameters = dict(network.named_parameters())
    for joined, tensor in moments.items():
        name, _, key = joined.rpartition(":")
        optimizer.state[parameters[name]][key] = tensor
