"""The catalogue: the datasets shipped with the package and those of the user's home."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from zs_dagster.datasets.description import Dataset, VideoFolder
from zs_dagster.errors import DatasetError

SHIPPED = Path(__file__).parent / "shipped"
SHIPPED_QUERIES = "demo"
Catalogue = dict[str, Dataset]


def load_catalogue(user_folder: Path) -> Catalogue:
    """Read every shipped dataset and every YAML file of the user's folder, by name.

    Query banks may lie beside the datasets that name them.

    Raises:
        DatasetError: If a file is broken, or two files describe datasets of one name.
    """
    catalogue: Catalogue = {}
    for path in [*sorted(SHIPPED.glob("*.yaml")), *sorted(user_folder.glob("*.y*ml"))]:
        if _is_query_bank(path):
            continue
        dataset = load_dataset(path)
        if dataset.name in catalogue:
            raise DatasetError(f"{path}: dataset '{dataset.name}' exists already; rename it")
        catalogue[dataset.name] = dataset
    return catalogue


def find_dataset(catalogue: Catalogue, name: str) -> Dataset:
    """Return a dataset by name.

    Raises:
        DatasetError: If there is none; names the known ones.
    """
    if name not in catalogue:
        raise DatasetError(
            f"dataset must be one of {', '.join(sorted(catalogue))}, got '{name}'; "
            "describe a new one in $ZS_HOME/datasets/<name>.yaml"
        )
    return catalogue[name]


def load_dataset(path: Path) -> Dataset:
    """Read one dataset file; relative paths in it are relative to the file.

    Raises:
        DatasetError: If the file cannot be read or breaks a rule; names file and key.
    """
    values = _read(path)
    if not isinstance(values, dict):
        raise DatasetError(
            f"{path}: must hold a mapping with name, videos, classes and queries"
        )
    try:
        return _absolute(Dataset.model_validate(values), path.parent)
    except ValidationError as error:
        raise DatasetError(f"{path}: {_first_problem(error)}") from error


def _is_query_bank(path: Path) -> bool:
    """Say whether a file maps labels to questions, and so describes no dataset."""
    values = _read(path)
    entries = list(values.values()) if isinstance(values, dict) else []
    return bool(entries) and all(isinstance(e, dict) and "start_question" in e for e in entries)


def _read(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{path}: cannot be read as YAML: {_one_line(error)}") from error


def _absolute(dataset: Dataset, folder: Path) -> Dataset:
    update: dict[str, object] = {}
    if isinstance(dataset.videos, VideoFolder):
        videos = dataset.videos.model_copy(update={"folder": folder / dataset.videos.folder})
        update["videos"] = videos
    if dataset.annotations is not None:
        update["annotations"] = folder / dataset.annotations
    if dataset.queries != SHIPPED_QUERIES:
        update["queries"] = str(folder / dataset.queries)
    return dataset.model_copy(update=update)


def _first_problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"]) or "file"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{key}: {first['msg']}, got {first['input']!r:.80}{more}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
