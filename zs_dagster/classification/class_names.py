"""How a class is called in a sentence, by one name or by several."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.checks import check_choice
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

STYLES = ("words", "raw")
COMBINATIONS = ("max", "mean")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, eq=False)
class ClassNames:
    """Names of K classes, N >= K of them.

    Attributes:
        names: N names as they go into a template.
        class_of: Shape ``(N,)``, ascending, which class each names, in 0 … K-1.
    """

    names: tuple[str, ...]
    class_of: NDArray[np.int64]


def class_name(label: str, style: str = "words") -> str:
    """Return a label as it goes into a sentence.

    Args:
        label: "ApplyEyeMakeup", "brush_hair", "Golf swing".
        style: ``words`` splits at underscores and capitals and lowers the case; ``raw``
            leaves the label as it is, for numbers obtained that way.

    Raises:
        InputError: If the style is unknown, or nothing is left of the label.
    """
    check_choice("style of class names", style, STYLES)
    words = _WORD_START.sub(" ", label).replace("_", " ").lower().split()
    name = label if style == "raw" else " ".join(words)
    if not name.strip():
        raise InputError(f"a class must have a name, got {label!r}")
    return name


def class_names(
    labels: Sequence[str],
    style: str = "words",
    synonyms: Mapping[str, Sequence[str]] | None = None,
) -> ClassNames:
    """Name the classes: each by its label, then by its synonyms.

    Args:
        labels: K >= 1 classes.
        style: As for `class_name`, of labels and synonyms alike.
        synonyms: Label -> other names.

    Raises:
        InputError: If there is no class, a synonym is for an unknown class, or a name is
            given twice.
    """
    others = synonyms or {}
    unknown = sorted(set(others) - set(labels))
    if not labels or unknown:
        raise InputError(
            f"synonyms must be for classes of the list, got '{unknown[0]}'"
            if unknown
            else "there must be at least one class, got none"
        )
    rows = [
        (class_name(name, style), number)
        for number, label in enumerate(labels)
        for name in (label, *others.get(label, ()))
    ]
    _check_distinct(rows, labels)
    names, class_of = zip(*rows, strict=True)
    return ClassNames(names, np.array(class_of, dtype=np.int64))


def class_scores(scores: FloatArray, names: ClassNames, how: str = "max") -> FloatArray:
    """Combine the scores of the names of a class.

    Args:
        scores: Shape ``(..., N)``, one per name.
        names: N names of K classes.
        how: ``max`` or ``mean`` over the names of a class.

    Returns:
        Shape ``(..., K)``.

    Raises:
        InputError: If ``how`` is unknown.
    """
    check_choice("combination of synonyms", how, COMBINATIONS)
    starts = np.flatnonzero(np.diff(names.class_of, prepend=-1))
    combine = np.maximum if how == "max" else np.add
    combined: FloatArray = combine.reduceat(scores, starts, axis=-1)
    return combined if how == "max" else combined / np.bincount(names.class_of)


def _check_distinct(rows: Sequence[tuple[str, int]], labels: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for name, number in rows:
        if name in first:
            raise InputError(
                f"names of classes must differ, got '{name}' for '{labels[first[name]]}' and "
                f"for '{labels[number]}'"
            )
        first[name] = number
