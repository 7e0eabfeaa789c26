"""What a dataset of the user's home has there, and taking it away.

Its videos are the user's. Entries of the store are named by content, so other datasets may have
them too. Runs and their provenance cards are history, as is what Dagster recorded of them.
"""

import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from zs_dagster.datasets.catalogue import SHIPPED, Catalogue, find_dataset
from zs_dagster.datasets.description import PARTITION_NAME
from zs_dagster.errors import DatasetError
from zs_dagster.home import Home

ANNOTATIONS = "annotations.json"
"""The ground truth that `zs-dagster import` writes beside a dataset, after its name."""


def belongings(home: Home, catalogue: Catalogue, name: str) -> list[Path]:
    """Return the files and folders in the home that are of one dataset alone.

    The description comes last: if deleting them is cut short, it can be done again.

    Raises:
        DatasetError: If the dataset is shipped, two files have its name, or there is none.
    """
    described = [path for path, its in catalogue.files.items() if its == name]
    if any(path.parent == SHIPPED for path in described):
        raise DatasetError(
            f"dataset must be of your own to be removed, got '{name}', which is shipped"
        )
    if len(described) > 1:
        raise DatasetError(
            f"dataset must be described once, got '{name}' in '{described[0]}' and "
            f"'{described[1]}'; rename or delete one of them"
        )
    # Only such a name was ever run; any other could lead out of the home, as `..` does.
    found = _made(home, name) if re.fullmatch(PARTITION_NAME, name) else []
    if not described and not found:
        find_dataset(catalogue, name)
    return [*found, *described]


def check_unneeded(catalogue: Catalogue, names: Collection[str], paths: Iterable[Path]) -> None:
    """Refuse to remove what another dataset is made from.

    Args:
        catalogue: All datasets.
        names: Those to be removed.
        paths: Their files.

    Raises:
        DatasetError: If one is needed by a dataset that stays.
    """
    files = set(paths)
    for other in catalogue.values():
        if other.name in names:
            continue
        needed = [name for name in other.classification.trained_on if name in names]
        if other.annotations and other.annotations.path in files:
            needed.append(other.annotations.path.name)
        if needed:
            raise DatasetError(
                f"'{needed[0]}' must not be needed by another dataset to be removed, got "
                f"'{other.name}', which names it; remove that first"
            )


def delete(paths: Iterable[Path]) -> None:
    """Delete files, and folders with all that is in them; what is gone is no error."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _made(home: Home, name: str) -> list[Path]:
    """Return what was made of a dataset, or for it alone."""
    single = (
        home.reports / f"{name}.html",
        home.queries / f"{name}.yaml",
        home.datasets / f"{name}.{ANNOTATIONS}",
        home.root / "located" / name,
        home.root / "classified" / name,
    )
    tables = sorted(home.tables.root.glob(f"*/{name}"))
    return [*tables, *(path for path in single if path.exists())]
