"""Weights of ViFi-CLIP and its kin, renamed to those of open_clip.

Layout as the public code of ViFi-CLIP (arXiv:2212.03640) writes it: a dictionary with `model`,
whose names begin with `module.` where several GPUs trained. The token embedding is not among
them: it was looked up once for the prompts of the classes, `prompt_learner.*`, and not trained.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from zs_dagster.digests import file_digest
from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.clip_training.base import Base
from zs_dagster.models.clip_training.result import check_new, save_clip

TOKENS = "token_embedding.weight"
PROMPTS = "prompt_learner.complete_text_embeddings"
PREFIXES = {
    "image_encoder.": "visual.",
    "text_encoder.": "",
    "prompt_learner.token_embedding.": "token_embedding.",
}
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
# What the training script of ViFi-CLIP stores its settings in; read as a plain mapping.
SETTINGS_CLASS = "yacs.config.CfgNode"
Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Report:
    """What became of every name.

    Attributes:
        used: Name in the checkpoint -> name in the model.
        dropped: Names in the checkpoint that hold prompts of certain classes.
        from_base: Names in the model that the checkpoint lacks and the base gave.
    """

    used: dict[str, str]
    dropped: tuple[str, ...]
    from_base: tuple[str, ...]


def import_vifi(checkpoint: Path, base: Base, out: Path, *, norm: str = "base") -> Report:
    """Put the weights of a checkpoint into the base model and save it as a folder.

    Args:
        checkpoint: File of `torch.save`; only tensors and plain values are read from it.
        base: The model that was trained; it is changed in place.
        out: New folder; name it ``local-dir:FOLDER`` in a profile.
        norm: ``base`` keeps the mean and std of the base; ``imagenet`` is what ViFi-CLIP used.

    Raises:
        InputError: If ``norm`` is neither, or ``out`` is taken.
        ModelError: If the checkpoint cannot be read, or lacks or mismatches a weight.
    """
    check_import(checkpoint, out, norm)
    found = read_checkpoint(checkpoint)
    report = plan(found, base.network.state_dict())
    _check_tokens(found, base)
    weights = {**base.network.state_dict()}
    weights |= {name: found[source].float() for source, name in report.used.items()}
    base.network.load_state_dict(weights)
    record = {
        "imported": {"checkpoint": file_digest(checkpoint), "base": base.fingerprint},
        "used": report.used,
        "dropped": list(report.dropped),
        "from_base": list(report.from_base),
        "norm": norm,
    }
    save_clip(out, base, record, IMAGENET if norm == "imagenet" else {})
    return report


def check_import(checkpoint: Path, out: Path, norm: str) -> None:
    """Refuse arguments that break a rule, before any model is loaded.

    Raises:
        InputError: If one does.
    """
    if norm not in ("base", "imagenet"):
        raise InputError(f"--norm must be base or imagenet, got '{norm}'")
    if not checkpoint.is_file():
        raise InputError(f"checkpoint must be a file, got '{checkpoint}'")
    check_new(out)


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Read the weights by name, without `module.`; nothing in the file is run.

    Raises:
        ModelError: If it is no checkpoint, or holds something else than weights.
    """
    try:
        with torch.serialization.safe_globals([(OrderedDict, SETTINGS_CLASS)]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"checkpoint '{path}' must hold weights and plain values alone: {reason}"
        ) from error
    weights = _weights(content)
    if not weights:
        raise ModelError(
            f"checkpoint '{path}' holds no weights by name, at the top or in `model`"
        )
    return {name.removeprefix("module."): tensor for name, tensor in weights.items()}


def plan(found: Tensors, wanted: Tensors) -> Report:
    """Say which weight goes where.

    Raises:
        ModelError: If a weight has no place, is missing, or has another shape; names them.
    """
    used = {name: _re_named(name) for name in found if not _is_prompt(name)}
    unknown = sorted(source for source, name in used.items() if name not in wanted)
    if unknown:
        raise ModelError(f"the base has no place for {_named(unknown)}; give another --base")
    missing = sorted(set(wanted) - set(used.values()) - {TOKENS})
    if missing:
        raise ModelError(f"the checkpoint lacks {_named(missing)}; nothing was imported")
    wrong = [
        f"{source} {tuple(found[source].shape)} instead of {tuple(wanted[name].shape)}"
        for source, name in used.items()
        if found[source].shape != wanted[name].shape
    ]
    if wrong:
        raise ModelError(f"weights must have the shapes of the base, got {_named(wrong)}")
    unusable = [source for source in used if not torch.isfinite(found[source]).all()]
    if unusable:
        raise ModelError(f"weights must be finite, got NaN or infinity in {_named(unusable)}")
    dropped = tuple(sorted(set(found) - set(used)))
    return Report(used, dropped, tuple({TOKENS} - set(used.values())))


def _weights(content: Any) -> dict[str, torch.Tensor]:  # noqa: ANN401 - a file
    for key in ("model", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        return {}
    return {str(name): v for name, v in content.items() if isinstance(v, torch.Tensor)}


def _re_named(name: str) -> str:
    for prefix, other in PREFIXES.items():
        if name.startswith(prefix):
            return other + name.removeprefix(prefix)
    return name


def _is_prompt(name: str) -> bool:
    return name.startswith("prompt_learner.") and _re_named(name) == name


def _check_tokens(found: Tensors, base: Base) -> None:
    """Compare the base's embedding with that of the prompts in the checkpoint, if any.

    Raises:
        ModelError: If they differ, so the checkpoint was trained from another model.
    """
    if PROMPTS not in found or TOKENS not in base.network.state_dict():
        return
    first = int(base.tokenize([""])[0, 0])
    known = base.network.token_embedding.weight[first].detach().cpu()
    seen = found[PROMPTS][:, 0].float()
    if seen.shape[1:] != known.shape or not torch.allclose(
        seen, known.expand_as(seen), atol=1e-3
    ):
        raise ModelError(
            "the checkpoint was trained with another token embedding than that of the base; "
            "give the --base it was trained from"
        )


def _named(names: Sequence[str], limit: int = 4) -> str:
    """Return some names for a message, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
