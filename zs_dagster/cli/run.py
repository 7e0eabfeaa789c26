"""`zs-dagster run`: materialise the assets of one dataset."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from zs_dagster.cli import console
from zs_dagster.cli.class_tables import show_accuracy, show_retrieval
from zs_dagster.cli.dry_run import dry_run
from zs_dagster.cli.graph import materialise, prepare_environment
from zs_dagster.cli.staleness import trial
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
JOBS = {"localization": "localize", "classification": "classify", "captions": "train"}
SHOW = {
    "localization": console.show_metrics,
    "classification": show_accuracy,
    "captions": show_retrieval,
}
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
    """Localize or classify the actions of a dataset, or train on its captions.

    What was computed before is reused. What its classifiers are trained on is run first.
    """
    act = dry_run_dataset if is_dry else run_dataset
    act(dataset, parse_options(options or []), json_file)


def run_dataset(
    dataset: str, options: dict[str, dict[str, Any]], json_file: Path | None
) -> None:
    """Materialise a dataset, show what came out and write the summary."""
    home, described = _checked(dataset, json_file)
    with console.progress():
        for source in described.classification.trained_on:
            materialise(source, JOBS["captions"], {})
        outcome = materialise(dataset, JOBS[described.task], options)
    rows = metric_rows(home, described, outcome.run_id)
    console.show_stages(outcome)
    SHOW[described.task](rows)
    console.show_places(home, described)
    if options:
        sys.stderr.write(f"note: {trial(dataset)}\n")
    if json_file is not None:
        write_summary(json_file, outcome, rows)


def dry_run_dataset(
    dataset: str, options: dict[str, dict[str, Any]], json_file: Path | None
) -> None:
    """Say what `run_dataset` would compute."""
    _, described = _checked(dataset, json_file)
    if described.task != "localization":
        raise DatasetError(
            f"dataset '{dataset}' is for {described.task}: --dry-run plans localization only; "
            "leave it out"
        )
    dry_run(dataset, options, json_file)


def _checked(dataset: str, json_file: Path | None) -> tuple[Home, Dataset]:
    """Check everything that needs no work; return the home and the dataset."""
    home = prepare_environment()
    described = find_dataset(load_catalogue(home.datasets), dataset)
    warn_of_demo_models(described)
    check_json_file(json_file)
    return home, described


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
