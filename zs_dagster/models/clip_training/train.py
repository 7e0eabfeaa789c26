"""From a base model and labelled clips to a folder with the trained model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import open_clip
import torch

from zs_dagster.errors import InputError
from zs_dagster.models.clip_training.base import Base
from zs_dagster.models.clip_training.loop import Job, Pace, Training
from zs_dagster.models.clip_training.result import check_new, save_clip
from zs_dagster.models.clip_training.state import Checkpoints

DEFAULT_PACE = Pace()


def train_clip(
    base: Base, job: Job, out: Path, *, resume: bool = False, pace: Pace = DEFAULT_PACE
) -> dict[str, Any]:
    """Train a model further and save it.

    On a CPU, a training that was killed and resumed any number of times ends in the bytes of
    one that was not. Until it is finished, everything lies in ``OUT.training``.

    Args:
        base: The model; it is changed in place.
        job: Clips, classes, recipe and seed.
        out: New folder; name it ``local-dir:FOLDER`` in a profile.
        resume: Whether to go on with an unfinished training.
        pace: What changes speed only.

    Returns:
        What `training.json` holds: recipe, seed, data, and loss and accuracy per epoch.

    Raises:
        InputError: If the clips or arguments break a rule.
        ModelError: If the loss is not finite or the model cannot be kept in a folder.
    """
    check_job(job)
    check_new(out)
    identity = {"base": base.fingerprint, **job.identity()}
    checkpoints = Checkpoints(out.with_name(f"{out.name}.training"))
    checkpoints.begin(identity, resume=resume)
    epochs = Training(base, job).run(checkpoints, pace)
    record = {
        **identity,
        **job.notes,
        "clips": len(job.source),
        "epochs": epochs,
        "versions": {"torch": torch.__version__, "open_clip": open_clip.__version__},
    }
    save_clip(out, base, record, {})
    checkpoints.remove()
    return record


def check_job(job: Job) -> None:
    """Refuse what cannot be trained on.

    Raises:
        InputError: If a class has no clips or shares its prompt name, or a number is off.
    """
    names = job.names
    if job.seed < 0:
        raise InputError(f"seed must be >= 0, got {job.seed}")
    if len(names) < 2:
        raise InputError(f"training needs at least 2 classes, got {len(names)}")
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise InputError(f"two classes are written '{twice[0]}' in prompts; rename one")
    counts = Counter(job.source.label(number) for number in range(len(job.source)))
    empty = _without_clips(list(names), counts)
    if empty:
        raise InputError(
            f"each class must have clips, '{empty[0]}' has none ({len(empty)} of {len(names)} "
            "have none); add clips, or leave the class out"
        )


def _without_clips(labels: Sequence[str], counts: Mapping[int, int]) -> list[str]:
    return [label for place, label in enumerate(labels) if not counts.get(place)]
