"""What the user's datasets need of models: weights, and the keys of servers."""

import os
from collections.abc import Iterator
from pathlib import Path

from zs_dagster.datasets.catalogue import SHIPPED, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import DatasetError, ZsDagsterError
from zs_dagster.home import Home
from zs_dagster.models.profiles import LvlmServer, Profile, load_profile

DEFAULT = "demo"


def datasets(home: Home, _: bool) -> str:
    """Can every dataset file be read?"""
    from zs_dagster.checked_catalogue import checked_catalogue

    catalogue = checked_catalogue(home.datasets)
    if catalogue.broken:
        raise DatasetError("; ".join(map(str, catalogue.broken.values())))
    return ", ".join(catalogue)


def weights(home: Home, _: bool) -> str:
    """Are the weights here of the default profile, and of those the user's datasets name?"""
    from zs_dagster.models.weights import how_to_get_weights, missing_weights

    size = _demo_bytes()
    names = list(dict.fromkeys([DEFAULT, *(dataset.profile for dataset in _own(home))]))
    for name in names:
        missing = missing_weights(name)
        if missing:
            raise ZsDagsterError(
                f"weights of profile '{name}' must be here, found no "
                f"{' and no '.join(missing)}; get them with `{how_to_get_weights(name)}`"
            )
    return f"{', '.join(names)} ({DEFAULT}: {size / 1e6:.1f} MB)"


def keys(home: Home, _: bool) -> str:
    """Are the variables set that hold the keys of the servers in use? Values stay unseen."""
    needed = sorted({variable for dataset in _own(home) for variable in _variables(dataset)})
    unset = [name for name in needed if not os.environ.get(name, "").strip()]
    if unset:
        raise ZsDagsterError(
            f"{', '.join(unset)} must hold the key of a server that a dataset asks, and is not "
            "set; export it, or name another variable as api_key_env in the profile"
        )
    return f"set: {', '.join(needed)}" if needed else "none is needed"


def _own(home: Home) -> list[Dataset]:
    # Broken ones are said by the check of the datasets.
    found = load_catalogue(home.datasets)
    return [one for name, one in found.items() if not (SHIPPED / f"{name}.yaml").is_file()]


def _variables(dataset: Dataset) -> Iterator[str]:
    from zs_dagster.models.llm.server import OPENAI_KEY

    profile: Profile = load_profile(dataset.profile)
    if isinstance(profile.lvlm, LvlmServer) and profile.lvlm.api_key_env:
        yield profile.lvlm.api_key_env
    if dataset.question_writer != "llm" or profile.llm is None or profile.llm.runs == "local":
        return
    if profile.llm.api_key_env or not profile.llm.base_url:
        yield profile.llm.api_key_env or OPENAI_KEY


def _demo_bytes() -> int:
    profile = load_profile(DEFAULT)
    folders = [Path(profile.clip.model.partition(":")[2]), Path(profile.lvlm.model)]
    for folder in folders:
        if not any(folder.glob("*.safetensors")):
            raise ZsDagsterError(
                f"weights must lie in '{folder}'; check out the repository anew"
            )
    return sum(path.stat().st_size for folder in folders for path in folder.iterdir())
