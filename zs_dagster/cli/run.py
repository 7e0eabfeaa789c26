"""`zs-dagster run`: materialise the assets of one dataset."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from zs_dagster.cli import console
from zs_dagster.cli.dry_run import dry_run
from zs_dagster.cli.graph import materialise, prepare_environment
from zs_dagster.cli.summary import metric_rows, write_summary
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.sources import GeneratedVideos
from zs_dagster.errors import DatasetError, InputError
from zs_dagster.home import Home

DEMO_ONLY = (
    "warning: the demo models know only the drawn shapes of the demo; what they say about any "
    "other video means nothing. Use the profile light or zeal for real videos.\n"
)
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write metrics and counts here.")
]


def run(
    dataset: Annotated[str, typer.Argument(help="Name of a dataset of the catalogue.")],
    *,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ASSET.KEY=VALUE",
            help="Option of an asset: segments.parameters='{confidence_weight: .5}'.",
        ),
    ] = None,
    is_dry: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only say what would be computed and what it costs; --json - prints JSON.",
        ),
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Localize the actions of a dataset: compute what is missing, reuse the rest."""
    act = dry_run_dataset if is_dry else run_dataset
    act(dataset, parse_options(options or []), json_file)


def run_dataset(
    dataset: str, options: dict[str, dict[str, Any]], json_file: Path | None
) -> None:
    """Materialise a dataset, show what came out and write the summary."""
    home = _checked_home(dataset, json_file)
    with console.progress():
        outcome = materialise(dataset, "localize", options)
    rows = metric_rows(home, dataset, outcome.run_id)
    console.show_stages(outcome)
    console.show_metrics(rows)
    console.show_places(home, dataset)
    if json_file is not None:
        write_summary(json_file, outcome, rows)


def dry_run_dataset(
    dataset: str, options: dict[str, dict[str, Any]], json_file: Path | None
) -> None:
    """Say what `run_dataset` would compute."""
    _checked_home(dataset, json_file)
    dry_run(dataset, options, json_file)


def _checked_home(dataset: str, json_file: Path | None) -> Home:
    """Check everything that needs no work, and return the home."""
    home = prepare_environment()
    described = find_dataset(load_catalogue(home.datasets), dataset)
    check_task(described)
    warn_of_demo_models(described)
    check_json_file(json_file)
    return home


def check_task(dataset: Dataset) -> None:
    """Refuse what cannot be localized, before any video is read.

    Raises:
        DatasetError: If the dataset is for classification.
    """
    if dataset.task != "localization":
        raise DatasetError(
            f"dataset '{dataset.name}' is for {dataset.task}: its videos are trimmed to one "
            "action each; `run` localizes, choose a dataset with task: localization"
        )


def warn_of_demo_models(dataset: Dataset) -> None:
    """Say plainly that the demo models cannot know what is in other videos."""
    if dataset.profile == "demo" and not isinstance(dataset.videos, GeneratedVideos):
        sys.stderr.write(DEMO_ONLY)


def check_json_file(path: Path | None) -> None:
    """Refuse a summary that could not be written, before the work and not after it.

    Raises:
        InputError: If the path is a folder or lies in none.
    """
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise InputError(f"--json needs a file in an existing folder, got '{path}'")


def parse_options(options: list[str]) -> dict[str, dict[str, Any]]:
    """Parse ``asset.key=value`` settings; the value is YAML.

    Raises:
        InputError: If a setting has another form.
    """
    parsed: dict[str, dict[str, Any]] = {}
    for option in options:
        name, separator, text = option.partition("=")
        asset, dot, key = name.partition(".")
        if not (separator and dot and asset and key):
            raise InputError(f"--set takes ASSET.KEY=VALUE, got '{option}'")
        try:
            parsed.setdefault(asset, {})[key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"--set {name}: the value must be YAML, got '{text}'") from error
    return parsed
