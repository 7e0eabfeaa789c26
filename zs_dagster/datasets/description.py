"""What a dataset file may say. One YAML file is one dataset, one dataset is one partition."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from zs_dagster.datasets.classification import Classification
from zs_dagster.datasets.labels import readable
from zs_dagster.datasets.localization import Localization
from zs_dagster.datasets.sources import (
    AnnotationSource,
    CaptionSource,
    GeneratedVideos,
    Reader,
    Videos,
    annotation_source,
    caption_source,
)
from zs_dagster.datasets.strict import Strict
from zs_dagster.datasets.training import Training
from zs_dagster.datasets.yaml_file import line_of

CAPTIONS = "captions"
"""The task of a dataset that a joint space is trained on."""
PARTITION_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Label = Annotated[str, Field(min_length=1)]


class Dataset(Strict):
    """One dataset: videos, classes and, where there is any, ground truth.

    Relative paths of videos and annotations are relative to ``root``, by default the folder of
    the file; those of splits and queries to that folder.

    Attributes:
        classes: Exact labels; in a file also a mapping from label to prompt name. Where the
            task is captions, those that the captioned videos are known to show, if any.
        prompt_names: Label -> the class as it is written in prompts.
        annotations: Ground truth, if there is any.
        captions: Captioned segments to train on, where the task is captions.
        splits: YAML file with the official divisions into seen and unseen classes.
        excluded: Video id -> why it is left out.
        known_bad: Video id -> what is wrong with it; it is kept, as in published numbers.
        aliases: Label -> the label that each of its instances also has.
        queries: Query bank of the user's own.
        question_writer: Who writes what that bank lacks: ``shipped`` banks and a template, or
            the ``llm`` of the profile.
    """

    name: Annotated[str, Field(pattern=PARTITION_NAME)]
    title: str = ""
    source: str = ""
    licence: str = ""
    task: Literal["localization", "classification", "captions"] = "localization"
    root: Path = Path()
    videos: Videos
    classes: tuple[Label, ...]
    prompt_names: dict[str, str] = Field(default_factory=dict)
    annotations: Annotated[AnnotationSource | None, BeforeValidator(annotation_source)] = None
    captions: Annotated[CaptionSource | None, BeforeValidator(caption_source)] = None
    splits: Path | None = None
    excluded: dict[str, str] = Field(default_factory=dict)
    known_bad: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    queries: str | None = None
    question_writer: Literal["shipped", "llm"] = "shipped"
    profile: str = "demo"
    reader: Reader = Reader()
    localization: Localization = Localization()
    classification: Classification = Classification()
    training: Training = Training()
    _file: Path | None = PrivateAttr(default=None)

    def read_from(self, file: Path) -> "Dataset":
        """Remember the file of this description, for messages."""
        self._file = file
        return self

    def place(self, *keys: str) -> str:
        """Return the file and line of a key, the beginning of a message about it."""
        if self._file is None:
            return f"dataset '{self.name}'"
        return f"{self._file}:{line_of(self._file, keys)}"

    @model_validator(mode="before")
    @classmethod
    def _labels_with_names(cls, values: object) -> object:
        """Take classes as a list or as a mapping, and name those that have no name."""
        if isinstance(values, dict) and values.get("task") == CAPTIONS:
            values = {"classes": (), **values}
        if not isinstance(values, dict) or not isinstance(
            values.get("classes"), list | tuple | dict
        ):
            return values
        labels = _distinct(list(values["classes"]))
        given = values["classes"] if isinstance(values["classes"], dict) else {}
        names = {label: readable(label) for label in labels if isinstance(label, str)}
        return {**values, "classes": labels, "prompt_names": {**names, **given}}

    @field_validator("classes")
    @classmethod
    def _only_captions_need_none(
        cls, classes: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        if not classes and info.data.get("task") != CAPTIONS:
            raise PydanticCustomError("too_short", "needs an entry")
        return classes

    @model_validator(mode="after")
    def _captions_are_given(self) -> "Dataset":
        is_drawn = isinstance(self.videos, GeneratedVideos)
        if self.task == CAPTIONS and self.captions is None and not is_drawn:
            raise ValueError("captions: is required where the task is captions; add it")
        return self

    @model_validator(mode="after")
    def _aliases_are_classes(self) -> "Dataset":
        unknown = sorted({*self.aliases, *self.aliases.values()} - set(self.classes))
        if unknown:
            raise ValueError(
                f"alias '{unknown[0]}' is not a class; correct it or add the class"
            )
        return self


def _distinct(labels: list[Any]) -> list[Any]:
    # By text, as a mistaken label may be a list. `yes` and "True" are one text and two labels.
    counts = Counter((type(label), str(label)) for label in labels)
    twice = sorted(text for (_, text), count in counts.items() if count > 1)
    if twice:
        raise ValueError(f"class '{twice[0]}' is listed twice; remove one")
    return labels
