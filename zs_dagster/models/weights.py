"""Are the weights of a profile on this machine, and can its default device hold them?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zs_dagster.models.devices import has_gpu
from zs_dagster.models.profiles import Lvlm, Profile, load_profile

# Best first; what a person without a wish is given.
REAL_PROFILES = ("zeal", "qwen3-vl", "light")
# Everything a tokenizer, processor or chat template may lie in; no code.
SMALL_FILES = ("*.json", "*.txt", "*.model", "*.jinja")
CLIP_FILE = "open_clip_pytorch_model.bin"


@dataclass(frozen=True)
class Repository:
    """What a profile needs of one repository of the model hub.

    Attributes:
        name: ``owner/name``.
        revision: Branch, tag or commit; the main branch if none.
        weights: Files of which one must be here; the first one is preferred.
        patterns: All files that are needed.
    """

    name: str
    revision: str | None
    weights: tuple[str, ...]
    patterns: tuple[str, ...]


def best_profile_here() -> str | None:
    """Return the best profile that can run now, without a download; none if there is none."""
    for name in REAL_PROFILES:
        if not missing_weights(name) and fits_device(load_profile(name)):
            return name
    return None


def fits_device(profile: Profile) -> bool:
    """Say whether the default device is one that the profile is meant for."""
    if not has_gpu():
        return not profile.needs_gpu
    return gpu_memory_gb() >= (profile.memory_gb or 0)


def gpu_memory_gb() -> float:
    """Return the memory of the first GPU, in 10^9 bytes."""
    import torch

    return float(torch.cuda.get_device_properties(0).total_memory / 1e9)


def missing_weights(name: str) -> list[str]:
    """Return the hub repositories of a profile whose weights are not in the local cache."""
    return [repo.name for repo in repositories(load_profile(name)) if not _is_here(repo)]


def how_to_get_weights(name: str) -> str:
    """Return the command that downloads what a profile lacks."""
    return f"zs-dagster models pull {name}" if missing_weights(name) else "all weights are here"


def repositories(profile: Profile) -> list[Repository]:
    """Return what a profile needs of the hub; nothing for folders and servers."""
    return [*_of_clip(profile), *_of_lvlm(profile.lvlm)]


def _of_clip(profile: Profile) -> Iterator[Repository]:
    if not profile.clip.pretrained:
        return
    from open_clip import get_model_config
    from open_clip.pretrained import get_pretrained_cfg

    config = get_pretrained_cfg(profile.clip.model, profile.clip.pretrained) or {}
    # "owner/name/" or "owner/name/file".
    place = str(config.get("hf_hub", f"{profile.clip.model}/{profile.clip.pretrained}"))
    owner, name, *file = place.split("/")
    pickled = (file[0] if file else "") or CLIP_FILE
    # open_clip prefers the same name, or its default one, as safetensors.
    safe = "open_clip_model" if pickled == CLIP_FILE else pickled.rpartition(".")[0]
    weights = (f"{safe}.safetensors", pickled)
    repo = f"{owner}/{name}"
    yield Repository(repo, None, weights, (weights[0], *SMALL_FILES))
    tokenizer = (get_model_config(profile.clip.model) or {}).get("text_cfg", {})
    other = tokenizer.get("hf_tokenizer_name")
    if other and other != repo:
        yield Repository(other, None, ("tokenizer_config.json",), SMALL_FILES)


def _of_lvlm(lvlm: Any) -> Iterator[Repository]:  # noqa: ANN401 - one of two forms
    # A folder, given as a path, or an id on the hub.
    if not isinstance(lvlm, Lvlm) or lvlm.model.startswith((".", "/", "~")):
        return
    if not Path(lvlm.model).is_dir():
        weights = ("model.safetensors", "model.safetensors.index.json")
        yield Repository(lvlm.model, lvlm.revision, weights, ("*.safetensors", *SMALL_FILES))


def _is_here(repo: Repository) -> bool:
    from huggingface_hub import try_to_load_from_cache

    found = (
        try_to_load_from_cache(repo.name, file, revision=repo.revision) for file in repo.weights
    )
    return any(isinstance(path, str) for path in found)
