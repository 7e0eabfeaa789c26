"""Which videos are classified among which classes: the official lists and divisions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.random_classes import random_classes
from zs_dagster.datasets.splits import ClassSplit
from zs_dagster.errors import DatasetError

ALL = "all"
TESTED = ("test", "val")
"""Official lists whose name begins so are for evaluation."""
BASE, NOVEL = "base", "novel"
BASE_TO_NOVEL = "base-to-novel"


@dataclass(frozen=True)
class EvaluationSet:
    """One list of videos to classify among one list of classes.

    Attributes:
        name: ``all``, an official list (``test1``), a division (``truze``) or a random draw
            (``random-51-0``); both halves of the base-to-novel protocol are sets of their own.
        classes: Candidates, in the order of the dataset.
        videos: Ids of the videos, sorted.
    """

    name: str
    classes: tuple[str, ...]
    videos: tuple[str, ...]


def evaluation_sets(
    dataset: Dataset,
    videos: Iterable[str],
    annotations: Iterable[Mapping[str, Any]],
    splits: Mapping[str, ClassSplit],
) -> list[EvaluationSet]:
    """Return the sets of a dataset; without ground truth one, of all videos and classes.

    Args:
        dataset: Names the divisions to take; all if none.
        videos: Ids of those that can be read.
        annotations: Rows of the table `annotations`.
        splits: The divisions there are.

    Raises:
        DatasetError: If a division that is asked for does not exist.
    """
    here, rows = set(videos), list(annotations)
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row["video_id"], set()).add(row["label"])
    lists = _lists(rows)
    sets = [
        EvaluationSet(name, dataset.classes, tuple(sorted(listed & here)))
        for name, listed in (lists or {ALL: here}).items()
    ]
    for split in chosen_splits(dataset, splits) if rows else ():
        for name, classes in _halves(split):
            pool = _pool(split, lists, here)
            members = {v for v in pool & here if labels.get(v, set()) & set(classes)}
            order = tuple(label for label in dataset.classes if label in classes)
            sets.append(EvaluationSet(name, order, tuple(sorted(members))))
    for name, classes in random_classes(dataset).items() if rows else ():
        members = {v for v in here if labels.get(v, set()) & set(classes)}
        sets.append(EvaluationSet(name, classes, tuple(sorted(members))))
    return [one for one in sets if one.videos and one.classes]


def _lists(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the official lists for evaluation, by name."""
    lists: dict[str, set[str]] = {}
    for row in rows:
        for name in row["subsets"].split():
            if name.startswith(TESTED):
                lists.setdefault(name, set()).add(row["video_id"])
    return dict(sorted(lists.items()))


def _pool(split: ClassSplit, lists: Mapping[str, set[str]], here: set[str]) -> set[str]:
    """Return the videos a division is evaluated on, as its publications do.

    Classes never trained on have no training videos: where the lists are folds (``test1``,
    ``test2``, ...), zero-shot divisions take all videos of their classes, base to novel takes
    the first fold (ViFi-CLIP, arXiv:2212.03640). Other lists for evaluation are what both take.
    """
    folds = [name for name in lists if name[-1].isdigit()]
    if split.name.startswith(BASE_TO_NOVEL) and folds:
        return lists[folds[0]]
    return here if folds or not lists else set().union(*lists.values())


def chosen_splits(dataset: Dataset, splits: Mapping[str, ClassSplit]) -> list[ClassSplit]:
    """Return the divisions that a dataset evaluates: those it names, else all.

    Raises:
        DatasetError: If one that it names does not exist.
    """
    wanted = dataset.classification.splits or tuple(splits)
    unknown = [name for name in wanted if name not in splits]
    if unknown:
        raise DatasetError(
            f"{dataset.place('classification', 'splits')}: must be of "
            f"{', '.join(splits) or 'a splits file, and there is none'}; got '{unknown[0]}'"
        )
    # Classes that leak are refused by the lint of `annotations`, before this is reached.
    return [splits[name] for name in wanted]


def _halves(split: ClassSplit) -> list[tuple[str, tuple[str, ...]]]:
    if split.name.startswith(BASE_TO_NOVEL):
        return [(f"{split.name}/{BASE}", split.seen), (f"{split.name}/{NOVEL}", split.unseen)]
    return [(split.name, split.unseen)]
