"""Profiles: which models run together. One YAML file is one profile.

Those of the package, and the user's own in `$ZS_HOME/profiles/*.yaml`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from zs_dagster.errors import InputError
from zs_dagster.home import Home

SHIPPED = Path(__file__).parent / "shipped_profiles"
# Weights that come with the package are named by this prefix in a profile.
PACKAGE_PREFIX = "package:"
PARSED = 100
KeyVariable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The environment variable that holds a key; a profile never holds the key itself."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Dtype = Literal["float32", "bfloat16", "float16"]


class Clip(_Strict):
    """A model of open_clip.

    Attributes:
        dtype: Numbers of the image tower. Half precision wants a GPU; features then differ.
    """

    model: str
    pretrained: str | None = None
    dtype: Dtype = "float32"
    batch: Annotated[int, Field(ge=1)] = 64


class Lvlm(_Strict):
    """A vision-language model of transformers that answers yes or no in this process.

    Attributes:
        image: ``full`` is what the processor makes of a frame; ``single-tile`` and ``video``
            take fewer image tokens, faster and with other scores.
        batch_frames: Frames per forward pass; found from the free memory if not given.
        compile: Whether `torch.compile` is tried on the language model; speed only.
    """

    model: str
    revision: str | None = None
    dtype: Dtype = "bfloat16"
    tokens: Literal["variants", "paper"] = "variants"
    image: Literal["full", "single-tile", "video"] = "full"
    batch_frames: Annotated[int, Field(ge=1)] | None = None
    compile: bool = False


class LvlmServer(_Strict):
    """A vision-language model behind an OpenAI-compatible server.

    Attributes:
        base_url: Up to and with ``/v1``.
        model: Name the server knows it by; ``auto`` takes the only one that it serves.
        api_key_env: Environment variable that holds the key, where the server wants one.
        image_format: ``png`` sends the pixels as they are, ``jpeg`` fewer bytes.
        concurrency: Requests under way at once.
        timeout_s: Longest wait for one answer, seconds.
        max_retries: Tries after the first one, for faults that pass.
    """

    base_url: Annotated[str, Field(pattern=r"^https?://")]
    model: str = "auto"
    api_key_env: KeyVariable | None = None
    tokens: Literal["variants", "paper"] = "variants"
    image_format: Literal["png", "jpeg"] = "png"
    concurrency: Annotated[int, Field(ge=1)] = 64
    timeout_s: Annotated[float, Field(gt=0)] = 120.0
    max_retries: Annotated[int, Field(ge=0)] = 5


class Llm(_Strict):
    """A language model that writes questions: behind a server, or of transformers.

    Attributes:
        model: Name on the server; a hub id or folder where ``runs`` is ``local``.
        runs: Where it runs.
        base_url: Up to and with ``/v1``; OpenAI's own if not given.
        api_key_env: Environment variable that holds the key. OpenAI's own server takes
            ``OPENAI_API_KEY`` if none is named; others are then asked without a key.
        prompts: Set of instructions: ``moments`` is ours, ``stages`` the same with a question
            about the middle, ``paper`` follows ZEAL's wording.
        temperature: 0 to 2; the paper uses 1.
        seed: Sent along where it is given; servers need not heed it.
        max_tokens: Of one answer.
    """

    model: str
    runs: Literal["server", "local"] = "server"
    base_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    api_key_env: KeyVariable | None = None
    prompts: Literal["moments", "paper", "stages"] = "moments"
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    seed: int | None = 0
    max_tokens: Annotated[int, Field(ge=1)] = 256

    def settings(self) -> dict[str, str | float | int | None]:
        """Return what decides an answer, besides the request."""
        return self.model_dump(include={"model", "temperature", "seed", "max_tokens"})


def _place(value: object) -> str:
    """Tell by its keys which form is meant, for one error instead of two."""
    keys = value.keys() if isinstance(value, dict) else vars(value).keys()
    return "<server>" if "base_url" in keys else "<local>"


AnyLvlm = Annotated[
    Annotated[Lvlm, Tag("<local>")] | Annotated[LvlmServer, Tag("<server>")],
    Discriminator(_place),
]


class Profile(_Strict):
    """The models of a dataset; ``llm`` is only needed to have questions written.

    Attributes:
        needs_gpu: Whether a CPU would take days where a GPU takes hours.
        memory_gb: Of the GPU: weights as loaded, and room for a batch.
        download_gb: Of all files that `models pull` fetches.
        licences: Of the weights, by model: ``clip`` and ``lvlm``.
    """

    name: str
    description: str = ""
    needs_gpu: bool = False
    memory_gb: float | None = None
    download_gb: float | None = None
    licences: dict[Literal["clip", "lvlm"], str] = Field(default_factory=dict)
    clip: Clip
    lvlm: AnyLvlm
    llm: Llm | None = None

    def named_llm(self) -> Llm:
        """Return the language model; raises `InputError` if the profile names none."""
        if self.llm is None:
            raise InputError(
                f"profile '{self.name}' names no language model; add `llm: {{model: NAME}}` to "
                f"it, or to a copy of it in $ZS_HOME/profiles under another name"
            )
        return self.llm


def profile_paths() -> dict[str, Path]:
    """Return the file of every profile by name; the user's own come last.

    Raises:
        InputError: If a profile of the user's has the name of a shipped one.
    """
    shipped = {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}
    own = sorted(Home.from_environment().profiles.glob("*.yaml"))
    for path in own:
        if path.stem in shipped:
            raise InputError(f"{path}: profile '{path.stem}' is shipped already; rename it")
    return {**shipped, **{path.stem: path for path in own}}


def load_profile(name: str) -> Profile:
    """Read a profile by name.

    Raises:
        InputError: If there is none of that name, or its file breaks a rule.
    """
    paths = profile_paths()
    if name not in paths:
        raise InputError(f"profile must be one of {', '.join(sorted(paths))}, got '{name}'")
    path = paths[name]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return _profile(name, path, text)


# Every check of the catalogue asks again: what a text says is worked out once.
@lru_cache(maxsize=PARSED)
def _profile(name: str, path: Path, text: str) -> Profile:
    try:
        return _resolved(Profile.model_validate({"name": name, **_mapping(path, text)}))
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # A misspelt key is why another one is missing.
        first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
        parts = [str(part) for part in first["loc"] if not str(part).startswith("<")]
        raise InputError(f"{path}: {'.'.join(parts)}: {_rule(first)}") from error


def _rule(problem: Any) -> str:  # noqa: ANN401 - of pydantic
    is_unknown = problem["type"] == "extra_forbidden"
    return "unknown key; correct or remove it" if is_unknown else str(problem["msg"])


def _mapping(path: Path, text: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _unreadable(path, error) from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold a mapping with description, clip and lvlm")
    return values


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: cannot be read: {' '.join(str(error).split())}")


def _resolved(profile: Profile) -> Profile:
    clip = profile.clip.model_copy(update={"model": _locate(profile.clip.model, "local-dir:")})
    lvlm = profile.lvlm.model_copy(update={"model": _locate(profile.lvlm.model, "")})
    return profile.model_copy(update={"clip": clip, "lvlm": lvlm})


def _locate(model: str, scheme: str) -> str:
    if not model.startswith(PACKAGE_PREFIX):
        return model
    folder = Path(__file__).parents[1] / model.removeprefix(PACKAGE_PREFIX)
    return f"{scheme}{folder}"
