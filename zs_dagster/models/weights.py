"""Are the weights of a profile on this machine, and how does one get them?"""

from zs_dagster.models.devices import has_gpu
from zs_dagster.models.profiles import Lvlm, Profile, load_profile

# Best first; what a person without a wish is given.
REAL_PROFILES = ("zeal", "light")
GPU_PROFILES = frozenset({"zeal", "zeal-pixtral"})
CLIP_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def best_profile_here() -> str | None:
    """Return the best profile that can run now, without a download; none if there is none."""
    for name in REAL_PROFILES:
        if not missing_weights(name) and (has_gpu() or name not in GPU_PROFILES):
            return name
    return None


def missing_weights(name: str) -> list[str]:
    """Return the hub repositories of a profile whose weights are not in the local cache."""
    profile = load_profile(name)
    return [repo for repo, here in _repositories(profile).items() if not here]


def how_to_get_weights(name: str) -> str:
    """Return the commands that download what a profile lacks."""
    commands = [f"hf download {repo}" for repo in missing_weights(name)]
    return " && ".join(commands) or "all weights are here"


def _repositories(profile: Profile) -> dict[str, bool]:
    """Return per hub repository whether its weights are cached; nothing for shipped ones."""
    found: dict[str, bool] = {}
    if profile.clip.pretrained:
        repo = _clip_repository(profile.clip.model, profile.clip.pretrained)
        found[repo] = any(_cached(repo, file) for file in CLIP_FILES)
    if isinstance(profile.lvlm, Lvlm) and not profile.lvlm.model.startswith("/"):
        weights = ("model.safetensors", "model.safetensors.index.json")
        found[profile.lvlm.model] = any(
            _cached(profile.lvlm.model, file, profile.lvlm.revision) for file in weights
        )
    return found


def _clip_repository(model: str, pretrained: str) -> str:
    from open_clip.pretrained import get_pretrained_cfg

    config = get_pretrained_cfg(model, pretrained) or {}
    # "owner/name/" or "owner/name/file".
    return "/".join(str(config.get("hf_hub", f"{model}/{pretrained}")).split("/")[:2])


def _cached(repo: str, file: str, revision: str | None = None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repo, file, revision=revision), str)
