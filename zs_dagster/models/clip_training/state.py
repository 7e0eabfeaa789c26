"""An unfinished training on disk: all that is needed to go on as if nothing had happened."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from zs_dagster.errors import InputError, StoreError, is_damage
from zs_dagster.files import atomic_path, write_text
from zs_dagster.models.clip_training.untyped import Network

IDENTITY, COUNTERS = "training.json", "counters.json"
WEIGHTS, MOMENTS = "weights.safetensors", "moments.safetensors"


@dataclass
class Counters:
    """How far a training is.

    Attributes:
        step: Steps of the optimiser that are done.
        loss: Sum over the clips of the running epoch.
        correct: Clips of it whose class had the highest logit.
        clips: Clips of it so far.
        epochs: What was measured in each finished epoch.
    """

    step: int = 0
    loss: float = 0.0
    correct: int = 0
    clips: int = 0
    epochs: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Checkpoints:
    """The folder of an unfinished training; a checkpoint in it is whole or absent.

    Attributes:
        folder: Holds who it is (`training.json`) and the last checkpoint.
    """

    folder: Path

    def begin(self, identity: Mapping[str, Any], *, resume: bool) -> None:
        """Make the folder, or check that it holds the same training.

        Raises:
            InputError: If there is an unfinished training and none is to be resumed, or the
                other way round, or it is another one.
        """
        path = self.folder / IDENTITY
        if path.is_file() != resume:
            raise InputError(
                f"there is no unfinished training in '{self.folder}'; leave --resume out"
                if resume
                else f"'{self.folder}' holds an unfinished training; --resume it or delete it"
            )
        if not resume:
            write_text(path, json.dumps(identity, indent=1))
            return
        known = json.loads(path.read_text(encoding="utf-8"))
        now = json.loads(json.dumps(identity))
        for key in known.keys() | now.keys():
            if known.get(key) != now.get(key):
                raise InputError(
                    f"--resume needs the training that was begun, but {key} differs: "
                    f"{_first_difference(known.get(key), now.get(key))}; delete "
                    f"'{self.folder}' to begin anew"
                )

    def save(
        self, counters: Counters, network: Network, optimizer: torch.optim.Optimizer
    ) -> None:
        """Write a checkpoint, then remove older ones."""
        target = self.folder / f"step-{counters.step:09d}"
        temporary = target.with_suffix(".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        tensors = {WEIGHTS: tensors_of(network), MOMENTS: _moments(network, optimizer)}
        for name, content in tensors.items():
            with atomic_path(temporary / name) as path:
                save_file(content, path)
        write_text(temporary / COUNTERS, json.dumps(asdict(counters)))
        temporary.replace(target)
        for other in self.folder.glob("step-*"):
            if other != target:
                shutil.rmtree(other)

    def load(self, network: Network, optimizer: torch.optim.Optimizer) -> Counters:
        """Put the last checkpoint, if there is one, into network and optimiser.

        Raises:
            StoreError: If it is not what was written.
        """
        found = sorted(self.folder.glob("step-*[0-9]"))
        if not found:
            return Counters()
        try:
            network.load_state_dict(load_file(found[-1] / WEIGHTS))
            _restore(network, optimizer, load_file(found[-1] / MOMENTS))
            return Counters(**json.loads((found[-1] / COUNTERS).read_text(encoding="utf-8")))
        except Exception as error:
            if not is_damage(error):
                raise
            reason = " ".join(str(error).split())[:300]
            raise StoreError(
                f"checkpoint '{found[-1]}' is damaged ({reason}); delete '{self.folder}' to "
                "begin anew"
            ) from error

    def remove(self) -> None:
        """Delete everything; the training is finished."""
        shutil.rmtree(self.folder)


def tensors_of(network: Network) -> dict[str, torch.Tensor]:
    """Return the weights by name, as safetensors takes them."""
    return {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }


def _moments(network: Network, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    return {
        f"{name}:{key}": tensor.detach().cpu().contiguous()
        for name, parameter in network.named_parameters()
        for key, tensor in optimizer.state.get(parameter, {}).items()
    }


def _restore(
    network: Network, optimizer: torch.optim.Optimizer, moments: dict[str, torch.Tensor]
) -> None:
    parameters = dict(network.named_parameters())
    for joined, tensor in moments.items():
        name, _, key = joined.rpartition(":")
        parameter = parameters[name]
        # The count of steps stays on the CPU, as the optimiser has it.
        place = tensor if key == "step" else tensor.to(parameter.device)
        optimizer.state[parameter][key] = place


def _first_difference(known: object, now: object) -> str:
    if isinstance(known, dict) and isinstance(now, dict):
        keys = sorted(
            key for key in known.keys() | now.keys() if known.get(key) != now.get(key)
        )
        return f"{keys[0]} was {known.get(keys[0])!r:.60}, is {now.get(keys[0])!r:.60}"
    return f"was {known!r:.60}, is {now!r:.60}"
