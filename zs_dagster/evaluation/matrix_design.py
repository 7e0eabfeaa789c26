"""Which videos, classes and rules the numbers of a dataset are published under: data."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated

import numpy as np
import yaml
from pydantic import Field

from zs_dagster.evaluation.protocols import PROTOCOLS
from zs_dagster.evaluation.published import PACKAGE, Cell, Record
from zs_dagster.evaluation.split_groups import group_of

SUBSETS = 10
SEED = 1111
"""Of the random subsets of ZEAL's code, `helpers/eval.py`."""


class VideoSet(Record):
    """Videos that count.

    Attributes:
        prefixes: Their ids begin with one of these.
        used_by: Whose set it is.
        dropped: Ids that do not count, with the reason.
        is_of_split_classes: Of each division only the videos that show one of its classes.
        duration_s: Video -> seconds; ground truth that ends later does not count.
    """

    prefixes: tuple[str, ...] = ("",)
    used_by: str = ""
    dropped: dict[str, str] = Field(default_factory=dict)
    is_of_split_classes: bool = False
    duration_s: dict[str, float] = Field(default_factory=dict)


class ClassSet(Record):
    """Classes: all of them, the tested ones of official divisions, or random subsets.

    Attributes:
        splits: Group of divisions: ``seen50`` are ``seen50-0``, ``seen50-1``, ...
        share: Of the classes that each of ten random subsets has.
    """

    splits: str | None = None
    share: Annotated[float | None, Field(gt=0, le=1)] = None


class Published(Record):
    """A combination that somebody published, besides those of the dataset's protocols."""

    protocol: str
    videos: str
    classes: str


class MatrixDesign(Record):
    """The combinations of a dataset: all of its protocols, and those others published."""

    dataset: str
    protocols: tuple[str, ...]
    video_sets: dict[str, VideoSet]
    class_sets: dict[str, ClassSet]
    as_published: tuple[Published, ...] = ()

    def cells(self) -> list[Cell]:
        """Return every combination, once for candidates of the method and once for known."""
        combinations = [
            (protocol, videos, classes)
            for protocol in self.protocols
            for videos in self.video_sets
            for classes in self.class_sets
        ]
        combinations += [(one.protocol, one.videos, one.classes) for one in self.as_published]
        return [
            Cell(protocol=protocol, videos=videos, classes=classes, candidates=candidates)
            for protocol, videos, classes in combinations
            for candidates in ("filtered", "known")
        ]


def matrix_design(dataset: str, splits: Sequence[str]) -> MatrixDesign:
    """Return the design of a dataset; of one nobody published on, every protocol.

    Args:
        dataset: Its name.
        splits: Names of its divisions.
    """
    file = files(PACKAGE) / "matrix_designs" / f"{dataset}.yaml"
    if file.is_file():
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        return MatrixDesign.model_validate({"dataset": dataset, **values})
    groups = dict.fromkeys(_group(name) for name in splits)
    return MatrixDesign(
        dataset=dataset,
        protocols=tuple(PROTOCOLS),
        video_sets={"all": VideoSet()},
        class_sets={"all": ClassSet(), **{name: ClassSet(splits=name) for name in groups}},
    )


def members(
    chosen: ClassSet, classes: Sequence[str], splits: Mapping[str, Sequence[str]]
) -> list[tuple[str, ...]]:
    """Return the class lists over which a mean is taken; none where there is no division.

    ZEAL's code draws its subsets with numpy's global generator, seeded with 1111, from the
    labels in the order in which the file system lists the annotation files: the same seed
    gives other subsets elsewhere. Here the labels are in alphabetical order.

    Args:
        chosen: Which kind.
        classes: Labels that have ground truth.
        splits: Division -> tested classes.
    """
    if chosen.splits is not None:
        return [tuple(c) for name, c in splits.items() if _group(name) == chosen.splits]
    if chosen.share is None:
        return [tuple(classes)]
    generator = np.random.RandomState(SEED)
    size = int(chosen.share * len(classes))
    drawn = [
        generator.choice(sorted(classes), size, replace=False).tolist() for _ in range(SUBSETS)
    ]
    return [tuple(subset) for subset in drawn if subset]


def _group(split: str) -> str:
    group = group_of(split)
    return split if group is None else group.replace("*", "")
