"""`zs-dagster datasets add`: a folder, or a dataset file from elsewhere, as a new dataset."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from zs_dagster.cli.ad_hoc import named_profile
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.cli.locate import parse_actions
from zs_dagster.datasets.catalogue import (
    Catalogue,
    find_dataset,
    load_catalogue,
    load_dataset,
)
from zs_dagster.datasets.description import PARTITION_NAME, Dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import VideoFolder
from zs_dagster.errors import InputError
from zs_dagster.files import write_text
from zs_dagster.home import Home

Row = dict[str, Any]
DESCRIPTIONS = (".yaml", ".yml")


def add(
    source: Annotated[Path, typer.Argument(help="Folder with videos, or a dataset file.")],
    *,
    name: Annotated[str | None, typer.Option(help="Name of the dataset.")] = None,
    actions: Annotated[str | None, typer.Option(help='Classes: "open fridge, pour".')] = None,
    models: Annotated[str, typer.Option(help="Profile.")] = "light",
) -> None:
    """Make a dataset of a folder, or take over a dataset file; it becomes a partition."""
    home = prepare_environment()
    values = (
        _of_folder(source.absolute(), actions, models)
        if source.is_dir()
        else portable(_described(source))
    )
    values |= {} if name is None else {"name": name}
    target = check_new_name(home, load_catalogue(home.datasets), values["name"])
    write_text(target, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    validate(home, target)
    sys.stdout.write(f"written  {target}\nnext     zs-dagster run {values['name']}\n")


def _of_folder(folder: Path, actions: str | None, models: str) -> Row:
    if actions is None:
        raise InputError('a folder needs --actions: what to look for, "golf swing, jump"')
    find_videos(VideoFolder(folder=folder))  # Refuses a folder without any.
    return {
        "name": folder.name,
        "videos": {"folder": str(folder)},
        "classes": parse_actions(actions),
        "profile": named_profile(models),
    }


def _described(file: Path) -> Dataset:
    if not file.exists():
        raise InputError(f"'{file}' does not exist; give a folder or a dataset file")
    if file.suffix.lower() not in DESCRIPTIONS:
        raise InputError(
            f"a dataset file must end in {' or '.join(DESCRIPTIONS)}, got '{file}'; give one, "
            "or the folder of the videos (`zs-dagster locate` takes videos one by one)"
        )
    return load_dataset(file)


def check_new_name(home: Home, catalogue: Catalogue, name: str) -> Path:
    """Return the file of a dataset that is yet to be made.

    Raises:
        InputError: If the name breaks the rules or is taken.
    """
    if not re.fullmatch(PARTITION_NAME, name):
        raise InputError(
            "--name must be letters, digits, '_', '.' and '-', beginning with a letter or "
            f"digit, got '{name}'"
        )
    target = home.datasets / f"{name}.yaml"
    if target.exists():
        raise InputError(f"'{target}' exists; give another --name, or delete it")
    if name in catalogue:
        raise InputError(f"dataset '{name}' exists already; give another --name")
    return target


def portable(dataset: Dataset) -> Row:
    """Return a description that holds wherever its file lies: with absolute paths."""
    values = dataset.model_dump(mode="json", exclude_unset=True)
    values["classes"] = dataset.prompt_names
    values.pop("prompt_names", None)
    return values


def validate(home: Home, target: Path) -> None:
    """Check a dataset file that was just written, as part of the catalogue; delete a bad one.

    Raises:
        InputError: If it breaks a rule.
    """
    from zs_dagster.checked_catalogue import checked_catalogue

    try:
        find_dataset(checked_catalogue(home.datasets), target.stem)
    except InputError:
        target.unlink()
        raise
