"""A trained or imported CLIP as a folder that open_clip loads: whole, checked, or absent."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from zs_dagster.errors import InputError, ModelError
from zs_dagster.files import atomic_path
from zs_dagster.models.clip import load_open_clip
from zs_dagster.models.clip_training.base import CONFIG, Base
from zs_dagster.models.clip_training.state import tensors_of
from zs_dagster.models.clip_training.untyped import Network

WEIGHTS, RECORD = "open_clip_model.safetensors", "training.json"
TOLERANCE = 1e-3  # of features of length 1
CHECK_TEXTS = ("a video of a person", "opening a fridge")


def check_new(out: Path) -> None:
    """Refuse a place that is taken.

    Raises:
        InputError: If something is there, or its folder cannot be made.
    """
    if out.exists():
        raise InputError(f"--out must be a new folder, '{out}' is there already")
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out must be writable, got '{out}': {error.strerror}") from error


def save_clip(
    out: Path, base: Base, record: Mapping[str, Any], preprocess: Mapping[str, Any]
) -> None:
    """Write model, configuration, tokenizer and `training.json`.

    The folder gets its name when what open_clip loads from it gives the same features.

    Args:
        out: Does not exist yet; name it ``local-dir:FOLDER`` in a profile.
        base: The network in it is saved.
        record: How it came about.
        preprocess: Values that differ from those of the base.

    Raises:
        InputError: If ``out`` is there already.
        ModelError: If the folder cannot hold this model.
    """
    check_new(out)
    with _new_folder(out) as folder:
        config = {
            "model_cfg": base.architecture,
            "preprocess_cfg": {**base.preprocess, **preprocess},
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
        inner = getattr(base.tokenize, "tokenizer", None)
        if inner is not None:
            inner.save_pretrained(folder)
        with atomic_path(folder / WEIGHTS) as path:
            save_file(tensors_of(base.network), path)
        text = json.dumps(record, indent=1, ensure_ascii=False)
        (folder / RECORD).write_text(text, encoding="utf-8")
        _check(folder, base)


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder beside ``out`` that takes its name when the block succeeds."""
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    try:
        yield folder
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o755)
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(folder: Path, base: Base) -> None:
    """Compare what is loaded from a folder with the network that was written into it.

    Raises:
        ModelError: If they differ: a tokenizer or a tower that a folder cannot hold.
    """
    loaded, _, tokenize = load_open_clip(f"local-dir:{folder}", None, base.device)
    tokens = base.tokenize(list(CHECK_TEXTS))
    if not torch.equal(tokenize(list(CHECK_TEXTS)), tokens):
        raise ModelError("the tokenizer of this model cannot be kept in a folder; use another")
    pixels = torch.rand(2, 3, base.side, base.side, generator=torch.Generator().manual_seed(0))
    for method, inputs in (("encode_text", tokens), ("encode_image", pixels)):
        ours, theirs = (
            _features(model, method, inputs, base.device) for model in (base.network, loaded)
        )
        if not torch.allclose(ours, theirs, atol=TOLERANCE):
            raise ModelError(
                f"the folder must give the features of the model, {method} differs by "
                f"{(ours - theirs).abs().max().item():.2g}; use another architecture"
            )


@torch.inference_mode()
def _features(network: Network, method: str, inputs: torch.Tensor, device: str) -> torch.Tensor:
    was_training = network.training
    features = getattr(network.eval(), method)(inputs.to(device), normalize=True)
    network.train(was_training)
    return torch.as_tensor(features).float().cpu()
