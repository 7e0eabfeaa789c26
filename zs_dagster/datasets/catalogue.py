"""The catalogue: the datasets shipped with the package and those of the user's home."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from zs_dagster.datasets.class_texts import read_class_texts
from zs_dagster.datasets.description import PARTITION_NAME, Dataset
from zs_dagster.datasets.files import CHECK_FOLDER
from zs_dagster.datasets.sources import VideoFiles, VideoFolder
from zs_dagster.datasets.yaml_file import parse_yaml, read_text, refusal
from zs_dagster.errors import DatasetError, InputError
from zs_dagster.home import Home

SHIPPED = Path(__file__).parent / "shipped"
SHIPPED_QUERIES = "demo"
PARSED = 1_000
LOCATE_PREFIX, CLASSIFY_PREFIX = "locate-", "classify-"
AD_HOC_PREFIXES = (LOCATE_PREFIX, CLASSIFY_PREFIX)
"""Names of the datasets that `zs-dagster locate` and `zs-dagster classify` make."""


class Catalogue(dict[str, Dataset]):
    """Datasets by name, and what is wrong with those that cannot be used.

    Attributes:
        broken: Name, or that of the file where no name can be read -> the rule it breaks.
        files: File -> the name by which its dataset is known, usable or broken.
    """

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, InputError] = {}
        self.files: dict[Path, str] = {}

    def add(self, path: Path, dataset: Dataset) -> None:
        """Take a dataset in.

        Raises:
            DatasetError: If there is one of its name, broken or not.
        """
        if dataset.name in self or dataset.name in self.broken:
            raise DatasetError(f"{path}: dataset '{dataset.name}' exists already; rename it")
        self[dataset.name] = dataset

    def refuse(self, name: str, error: InputError) -> None:
        """Take a dataset out, so that nobody computes anything from half of what was meant."""
        self.pop(name, None)
        self.broken.setdefault(name, error)


def load_catalogue(user_folder: Path) -> Catalogue:
    """Read every shipped dataset and every YAML file of the user's folder, by name.

    Query banks and splits may lie beside the datasets that name them. A file that is broken, or
    takes the name of another one, costs the dataset of that name and no other.
    """
    catalogue = Catalogue()
    for path in [*sorted(SHIPPED.glob("*.yaml")), *sorted(user_folder.glob("*.y*ml"))]:
        name = path.stem
        try:
            text = read_text(path)
            values = _values(path, text)
            if _is_no_dataset(values):
                continue
            name = _name(values, path)
            catalogue.add(path, _absolute(_described(path, text), path))
        except DatasetError as error:
            catalogue.refuse(name, error)
        catalogue.files[path] = name
    return catalogue


def find_dataset(catalogue: Catalogue, name: str) -> Dataset:
    """Return a dataset by name.

    Raises:
        DatasetError: If there is none, or if its file is broken.
    """
    if name in catalogue.broken:
        raise catalogue.broken[name]
    if name not in catalogue:
        raise _unknown(catalogue, name)
    return catalogue[name]


def _unknown(catalogue: Catalogue, name: str) -> DatasetError:
    """Name the known datasets, or what the file of that name calls its own."""
    for path, other in catalogue.files.items():
        if path.stem == name:
            return DatasetError(
                f"dataset must be asked for by the name in its file, got '{name}', and "
                f"'{path}' says `name: {other}`; ask for '{other}', or change it there"
            )
    known = (n for n in sorted(catalogue) if not n.startswith(AD_HOC_PREFIXES))
    return DatasetError(
        f"dataset must be one of {', '.join(known)}, got '{name}'; "
        "describe a new one in $ZS_HOME/datasets/<name>.yaml"
    )


def load_dataset(path: Path) -> Dataset:
    """Read one dataset file; relative paths in it become absolute.

    Raises:
        DatasetError: If the file cannot be read or breaks a rule; names file, line and key.
    """
    return _absolute(_described(path, read_text(path)), path)


def root_variable(name: str) -> str:
    """Return the environment variable that says where a shipped dataset lies."""
    return f"{name.upper().replace('-', '_')}_ROOT"


def shipped_root(name: str) -> Path:
    """Return where the files of a shipped dataset are looked for.

    That is `$<NAME>_ROOT`, else `$ZS_DATA/<name>`, else `$ZS_HOME/data/<name>`.
    """
    own, shared = os.environ.get(root_variable(name)), os.environ.get("ZS_DATA")
    if own:
        return Path(own).expanduser().absolute()
    data = Path(shared).expanduser() if shared else Home.from_environment().root / "data"
    return (data / name).absolute()


def check_sources(dataset: Dataset) -> None:
    """Refuse a dataset whose ground truth or splits are missing, before any video is read.

    Raises:
        DatasetError: If one is; names file and line.
    """
    truth = dataset.annotations
    if truth is not None and truth.format != "folders" and not truth.path.exists():
        remedy = where_to_put(dataset)
        if remedy == CHECK_FOLDER:
            remedy = "correct the path, or leave the key out if there is no ground truth"
        raise DatasetError(
            f"{dataset.place('annotations')}: annotations must exist, got '{truth.path}'; "
            f"{remedy}"
        )
    for path in dataset.captions.paths if dataset.captions else ():
        _readable(dataset.place("captions"), "captions", path)
    for name, classifier in dataset.classification.cezsar.items():
        if isinstance(classifier.texts, Path):
            place = dataset.place("classification", "classifiers", name, "texts")
            _readable(place, "texts", classifier.texts)
            read_class_texts(classifier.texts, dataset.classes)
    if dataset.training.concepts is not None:
        concepts = dataset.training.concepts
        _readable(dataset.place("training", "concepts"), "concepts", concepts)
    if dataset.splits is not None:
        _readable(dataset.place("splits"), "splits", dataset.splits)


def _readable(place: str, key: str, path: Path) -> None:
    if not path.is_file():
        raise DatasetError(f"{place}: {key} must be a file, got '{path}'; correct the path")


def where_to_put(dataset: Dataset) -> str:
    """Return what to do where the videos of a dataset are missing."""
    if not (SHIPPED / f"{dataset.name}.yaml").is_file():
        return CHECK_FOLDER
    return (
        f"get the videos and set {root_variable(dataset.name)} to the folder they and their "
        "annotations lie in"
    )


# A run asks for the catalogue at every stage: what a text says is worked out once.
@lru_cache(maxsize=PARSED)
def _values(path: Path, text: str) -> Any:  # noqa: ANN401 - a file may hold anything
    return parse_yaml(path, text)


@lru_cache(maxsize=PARSED)
def _described(path: Path, text: str) -> Dataset:
    """Return what a file says, its paths as they are written."""
    values = _values(path, text)
    if not isinstance(values, dict):
        raise DatasetError(f"{path}: must hold a mapping with name, videos and classes")
    try:
        return Dataset.model_validate(values).read_from(path)
    except ValidationError as error:
        raise refusal(path, error, Dataset) from error


def _name(values: object, path: Path) -> str:
    """Return the name a file gives to its dataset, else its own."""
    name = values.get("name") if isinstance(values, dict) else None
    return name if isinstance(name, str) and re.fullmatch(PARTITION_NAME, name) else path.stem


def _is_no_dataset(values: object) -> bool:
    """Say whether a file beside the datasets holds questions or splits."""
    if not isinstance(values, dict) or "videos" in values or "name" in values:
        return False
    inner = {"start_question", "unseen", "kind"}
    entries = [*values.values(), values.get("classes")]
    return any(isinstance(entry, dict) and (inner & set(entry)) for entry in entries) or (
        isinstance(values.get("classes"), dict) and "kinds" in values
    )


def _absolute(dataset: Dataset, path: Path) -> Dataset:
    """Resolve the paths a file gives; where a shipped dataset lies is said outside of it."""
    folder = path.parent.absolute()
    is_shipped = path.parent == SHIPPED
    root = shipped_root(dataset.name) if is_shipped else folder
    root = root / dataset.root.expanduser()
    update: dict[str, object] = {"root": root}
    videos = dataset.videos
    if isinstance(videos, VideoFolder):
        place = root / videos.folder.expanduser()
        update["videos"] = videos.model_copy(update={"folder": place})
    if isinstance(videos, VideoFiles):
        files = tuple(root / file.expanduser() for file in videos.files)
        update["videos"] = videos.model_copy(update={"files": files})
    if dataset.annotations is not None:
        place = root / dataset.annotations.path.expanduser()
        update["annotations"] = dataset.annotations.model_copy(update={"path": place})
    if dataset.captions is not None:
        paths = tuple(root / path.expanduser() for path in dataset.captions.paths)
        update["captions"] = dataset.captions.model_copy(update={"paths": paths})
    update["training"] = dataset.training.beside(folder)
    update["classification"] = dataset.classification.beside(folder)
    if dataset.splits is not None:
        update["splits"] = folder / dataset.splits.expanduser()
    if dataset.queries not in (None, SHIPPED_QUERIES):
        update["queries"] = str(folder / Path(str(dataset.queries)).expanduser())
    return dataset.model_copy(update=update)
