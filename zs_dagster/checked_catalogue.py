"""The catalogue, checked against the profiles, protocols and localizers there are.

Datasets only name those; here is where they meet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zs_dagster.datasets.catalogue import Catalogue, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import DatasetError, InputError
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.localization.methods import method_parameters
from zs_dagster.models.profiles import load_profile


def checked_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue and check what its files say about models, methods and metrics.

    Raises:
        DatasetError: If a file is broken; before any video is read, not after a night's work.
    """
    catalogue = load_catalogue(folder)
    for dataset in catalogue.values():
        check_dataset(dataset)
    return catalogue


def check_dataset(dataset: Dataset) -> None:
    """Check what a dataset says about models, methods and metrics.

    Raises:
        DatasetError: If it names one that does not exist; with file and line.
    """
    with _told_with_place(dataset, "profile"):
        profile = load_profile(dataset.profile)
    if dataset.question_writer == "llm":
        with _told_with_place(dataset, "question_writer"):
            profile.named_llm()
    with _told_with_place(dataset, "localization", "protocol"):
        get_protocol(dataset.localization.protocol)
    for name, method in dataset.localization.methods.items():
        with _told_with_place(dataset, "localization", "methods", name):
            method_parameters(method.localizer, method.preset, method.parameters, {})


@contextmanager
def _told_with_place(dataset: Dataset, *keys: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise DatasetError(f"{dataset.place(*keys)}: {error}") from error
