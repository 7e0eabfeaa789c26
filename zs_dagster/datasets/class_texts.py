"""Texts about classes in a file of the user's own."""

from collections.abc import Sequence
from pathlib import Path

from zs_dagster.datasets.yaml_file import read_yaml
from zs_dagster.errors import DatasetError


def read_class_texts(path: Path, classes: Sequence[str]) -> dict[str, list[str]]:
    """Read a YAML or JSON mapping from class to a text or a list of texts.

    Raises:
        DatasetError: If it is no such mapping, or a class has no text; names the class.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise DatasetError(f"{path}: must map every class to a text or a list of texts")
    found = {label: _texts(values.get(label), f"{path}: {label}") for label in classes}
    without = [label for label, texts in found.items() if not texts]
    if without:
        raise DatasetError(
            f"{path}: every class must have a text; {len(without)} of {len(classes)} have "
            f"none, such as '{without[0]}'; write one"
        )
    return found


def _texts(value: object, place: str) -> list[str]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) != len(given):
        raise DatasetError(f"{place}: must be a text or a list of texts, got {value!r:.60}")
    return [text for text in texts if text.strip()]
