"""Which model exactly: found and named without loading it, so that comparing costs little."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zs_dagster.digests import digest, file_digest
from zs_dagster.errors import ModelError

STAGE_VERSION = "1"

# Written anew by every library version or machine, without any effect on a score.
_VOLATILE = {"transformers_version", "_name_or_path", "_commit_hash", "dtype", "torch_dtype"}


@dataclass(frozen=True)
class ModelSource:
    """A folder, or a hub id pinned to a commit.

    Attributes:
        name: Path of the folder, or id on the hub.
        commit: Commit of the hub; None for a folder.
    """

    name: str
    commit: str | None

    def fingerprint(self, dtype: str, tokens: str, image: str = "full") -> str:
        """Digest of everything that shapes a score, and of nothing that only decides its speed.

        A folder is identified by the content of its files, about a second per GB; a model of
        the hub by its commit. Both hold weights, preprocessing, tokenizer and chat template.
        """
        model = _folder_digest(Path(self.name)) if self.commit is None else self.commit
        # The plain way of reading a frame is older than the others and goes without a name.
        way = () if image == "full" else (image,)
        return digest("lvlm", STAGE_VERSION, model, dtype, tokens, *way)


def find_source(model: str | Path, revision: str | None = None) -> ModelSource:
    """Find a model, asking the hub (or its cache) for the commit of an id.

    Args:
        model: Folder, or id on the model hub.
        revision: Branch, tag or commit of a hub id; not for folders.

    Raises:
        ModelError: If there is no such model.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        if revision is not None:
            raise ModelError(
                f"revision is for models on the hub, got {revision!r} with the folder "
                f"'{model}'; leave it out"
            )
        return ModelSource(str(path), None)
    if isinstance(model, Path) or path.is_absolute() or model.startswith("."):
        raise ModelError(
            f"model folder '{model}' does not exist; give a folder that holds config.json and "
            "safetensors weights, or the id of a model on the hub"
        )
    # The cache keeps every commit in a folder of its own, named by the commit. All files are
    # then read from that commit, even if the branch moves on meanwhile.
    return ModelSource(model, _cached_config(model, revision).parent.name)


def broken(name: str, error: Exception) -> ModelError:
    """Say in one line that a model cannot be loaded, and why."""
    reason = " ".join(str(error).split())[:300]
    return ModelError(
        f"cannot load model '{name}': {type(error).__name__}: {reason}; "
        "check the name, or download it again"
    )


def _cached_config(model: str, revision: str | None) -> Path:
    from huggingface_hub import constants, hf_hub_download

    try:
        path = hf_hub_download(
            model, "config.json", revision=revision, cache_dir=constants.HF_HUB_CACHE
        )
    except (OSError, ValueError) as error:
        raise broken(model, error) from error
    return Path(path)


def _folder_digest(folder: Path) -> str:
    return digest({path.name: _digest(path) for path in sorted(folder.iterdir())})


def _digest(path: Path) -> str:
    if path.is_dir():
        return _folder_digest(path)
    if path.suffix == ".json" and path.name.endswith("config.json"):
        try:
            return digest(_stable(json.loads(path.read_text(encoding="utf-8"))))
        except ValueError:
            pass  # Loading will say what is wrong with it; here its bytes identify it.
    return file_digest(path)


def _stable(value: Any) -> Any:  # noqa: ANN401 - JSON may be anything
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in _VOLATILE}
    return value
