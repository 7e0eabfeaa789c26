"""What a dataset file may say. One YAML file is one dataset, one dataset is one partition."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PARTITION_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
VIDEO_PATTERNS = ("*.mp4", "*.mkv", "*.webm", "*.avi", "*.mov")


class Strict(BaseModel):
    """A misspelt key is an error, not a setting that silently does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VideoFolder(Strict):
    """Files below a folder whose name fits a pattern, in upper or lower case.

    The id of a video is its path below the folder, without suffix.
    """

    folder: Path
    patterns: tuple[str, ...] = VIDEO_PATTERNS


class GeneratedVideos(Strict):
    """Videos that the project draws itself, with their ground truth."""

    generator: Literal["demo-test", "demo-validation"]


class Method(Strict):
    """One way from cached scores to segments; rows of the metrics carry its name.

    `candidates` are the classes it may answer: the `filtered` top k, the `known` ones of the
    ground truth (the rows with a cross in the paper's tables), or `any` class, which only the
    random baseline can, as nothing was scored for the others.
    """

    description: str = ""
    localizer: Literal["zeal", "clip-only", "random"] = "zeal"
    preset: Literal["default", "zeal-paper"] = "default"
    candidates: Literal["filtered", "known", "any"] = "filtered"
    parameters: dict[str, int | float | str | tuple[float, ...] | bool] = Field(
        default_factory=dict
    )
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _any_class_is_random(self) -> "Method":
        if self.candidates == "any" and self.localizer != "random":
            raise ValueError("candidates: any needs localizer: random, which asks no model")
        return self


class Localization(Strict):
    """How untrimmed videos are sampled, filtered and localized."""

    fps: Annotated[float, Field(gt=0, le=60)] = 1.0
    top_k: Annotated[int, Field(ge=1)] = 3
    filter_frames: Annotated[int, Field(ge=1)] = 8
    filter_text: Literal["name", "description"] = "name"
    protocol: str = "thumos14"
    score_known_classes: bool = False
    methods: Annotated[dict[str, Method], Field(min_length=1)] = Field(
        default_factory=lambda: {"zeal": Method()}
    )

    @model_validator(mode="after")
    def _known_classes_are_scored(self) -> "Localization":
        known = [name for name, m in self.methods.items() if m.candidates == "known"]
        if known and not self.score_known_classes:
            raise ValueError(
                f"method '{known[0]}' uses known classes; set score_known_classes: true"
            )
        return self


class Dataset(Strict):
    """One dataset: videos, classes and, where there is any, ground truth."""

    name: Annotated[str, Field(pattern=PARTITION_NAME)]
    title: str = ""
    source: str = ""
    licence: str = ""
    task: Literal["localization"] = "localization"
    videos: VideoFolder | GeneratedVideos
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    annotations: Path | None = None
    queries: str
    profile: str = "demo"
    localization: Localization = Localization()

    @model_validator(mode="before")
    @classmethod
    def _classes_are_distinct(cls, values: object) -> object:
        labels = values.get("classes") if isinstance(values, dict) else None
        # Not yet checked: a file may hold anything here.
        names = [str(label) for label in labels] if isinstance(labels, list | tuple) else []
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"class '{min(repeated)}' is listed twice")
        return values
