"""Profiles: which CLIP and which LVLM run together. One YAML file is one profile."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from zs_dagster.errors import InputError

SHIPPED = Path(__file__).parent / "shipped_profiles"
# Weights that come with the package are named by this prefix in a profile.
PACKAGE_PREFIX = "package:"


class Clip(BaseModel):
    """A model of open_clip."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str
    pretrained: str | None = None
    batch: int = 64


class Lvlm(BaseModel):
    """A vision-language model of transformers that answers yes or no."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str
    revision: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "bfloat16"
    tokens: Literal["variants", "paper"] = "variants"
    batch_frames: int = 16


class Profile(BaseModel):
    """The models of a dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    description: str = ""
    clip: Clip
    lvlm: Lvlm


def load_profile(name: str) -> Profile:
    """Read a shipped profile by name.

    Raises:
        InputError: If there is none of that name, or its file breaks a rule.
    """
    path = SHIPPED / f"{name}.yaml"
    known = sorted(p.stem for p in SHIPPED.glob("*.yaml"))
    if name not in known:
        raise InputError(f"profile must be one of {', '.join(known)}, got '{name}'")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _resolved(Profile.model_validate({"name": name, **values}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {key}: {first['msg']}") from error


def _resolved(profile: Profile) -> Profile:
    clip = profile.clip.model_copy(update={"model": _locate(profile.clip.model, "local-dir:")})
    lvlm = profile.lvlm.model_copy(update={"model": _locate(profile.lvlm.model, "")})
    return profile.model_copy(update={"clip": clip, "lvlm": lvlm})


def _locate(model: str, scheme: str) -> str:
    if not model.startswith(PACKAGE_PREFIX):
        return model
    folder = Path(__file__).parents[1] / model.removeprefix(PACKAGE_PREFIX)
    return f"{scheme}{folder}"
