"""A bank file made a dataset's own: checked as a whole, then copied into the home."""

from collections.abc import Sequence
from pathlib import Path

from zs_dagster.errors import QueryError
from zs_dagster.files import atomic_path
from zs_dagster.home import Home
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.class_query import ClassQuery


def import_bank(
    home: Home, dataset: str, labels: Sequence[str], path: Path
) -> list[ClassQuery]:
    """Make a bank the first one that is asked for the classes of a dataset.

    An earlier import is replaced. The file of the user is only read.

    Returns:
        The texts of the classes that it has, in the order of the labels.

    Raises:
        QueryError: If the file or one of its entries breaks a rule, or it has a class that
            the dataset has not; names file, class and rule, and nothing is imported then.
    """
    bank = QueryBank(path)
    strangers = bank.unused(labels)
    if strangers:
        raise QueryError(
            f"query bank '{path}': '{strangers[0]}' is no class of dataset '{dataset}'; "
            "correct or remove it"
        )
    found = [query for label in labels if (query := bank.find(label, label))]
    if not found:
        raise QueryError(f"query bank '{path}' has no class; add one of '{dataset}'")
    with atomic_path(home.queries / f"{dataset}.yaml") as temporary:
        temporary.write_bytes(path.read_bytes())
    return found
