"""Divisions of the classes of a dataset into seen and unseen ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.yaml_file import read_yaml
from zs_dagster.errors import DatasetError

PARTS = frozenset({"seen", "unseen", "validation"})


@dataclass(frozen=True)
class ClassSplit:
    """One division, as its file says it; `lint` says whether it is one.

    Attributes:
        name: Such as ``seen50-3``.
        seen: Classes that may be trained on.
        unseen: Classes that are tested.
        validation: Classes for choosing parameters, in some protocols.
    """

    name: str
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    validation: tuple[str, ...] = ()

    @property
    def overlap(self) -> tuple[str, ...]:
        """The classes that are in more than one part: they leak."""
        parts = [set(self.seen), set(self.unseen), set(self.validation)]
        return tuple(
            sorted((parts[0] & parts[1]) | (parts[1] & parts[2]) | (parts[0] & parts[2]))
        )


def load_splits(dataset: Dataset) -> dict[str, ClassSplit]:
    """Read the splits of a dataset by name; none where it has no file.

    A part that is left out, ``seen`` most often, is every class in no other part.

    Raises:
        DatasetError: If the file is malformed; names file, split and key.
    """
    if dataset.splits is None:
        return {}
    values = read_yaml(dataset.splits)
    if not isinstance(values, dict):
        raise DatasetError(f"{dataset.splits}: must map split names to seen and unseen classes")
    return {str(name): _split(str(name), parts, dataset) for name, parts in values.items()}


def _split(name: str, parts: Any, dataset: Dataset) -> ClassSplit:  # noqa: ANN401 - a file
    place = f"{dataset.splits}: {name}"
    if not isinstance(parts, dict) or not {"unseen"} <= set(parts) <= PARTS:
        raise DatasetError(f"{place}: must have unseen, and may have seen and validation")
    named = {key: _labels(labels, f"{place}.{key}") for key, labels in parts.items()}
    return ClassSplit(name, **{"seen": _others(dataset.classes, named), **named})


def _labels(value: Any, place: str) -> tuple[str, ...]:  # noqa: ANN401 - a file
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise DatasetError(f"{place}: must be a list of class labels, got {value!r:.60}")
    return tuple(dict.fromkeys(value))


def _others(classes: tuple[str, ...], named: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    taken = {label for labels in named.values() for label in labels}
    return tuple(label for label in classes if label not in taken)
