"""Where the videos and the ground truth of a dataset lie, and how they are read."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from zs_dagster.datasets.strict import Strict

VIDEO_PATTERNS = (
    *("*.mp4", "*.mkv", "*.webm", "*.avi", "*.mov", "*.m4v", "*.mpg", "*.mpeg", "*.3gp"),
    *("*.ts", "*.mts", "*.m2ts", "*.vob", "*.wmv", "*.asf", "*.flv", "*.ogv", "*.ogg"),
)
Format = Literal["activitynet", "csv", "folders", "hmdb51", "kinetics", "thumos14", "ucf101"]
BY_SUFFIX: dict[str, Format] = {".json": "activitynet", ".csv": "csv"}


class VideoFolder(Strict):
    """Files below a folder whose name fits a pattern, in upper or lower case.

    The id of a video is its path below the folder, without suffix and without ``prefix``.
    With ``ids``, only videos whose id fits one of those patterns belong to the dataset.
    """

    folder: Path
    patterns: Annotated[tuple[str, ...], Field(min_length=1)] = VIDEO_PATTERNS
    ids: tuple[str, ...] = ()
    prefix: str = ""


class VideoFiles(Strict):
    """Files named one by one; the id of a video is its name without suffix."""

    files: Annotated[tuple[Path, ...], Field(min_length=1)]


class GeneratedVideos(Strict):
    """Videos that the project draws itself, with their ground truth."""

    generator: Literal["demo-test", "demo-validation", "demo-clips", "demo-captions"]


def _kind(value: object) -> str:
    """Tell by its keys which of three forms is meant, for one error instead of three."""
    keys = value.keys() if isinstance(value, dict) else vars(value).keys()
    return "<files>" if "files" in keys else "<drawn>" if "generator" in keys else "<folder>"


def _mapping(value: object) -> object:
    """Refuse what has no keys to tell the form by.

    Raises:
        ValueError: If it is no mapping.
    """
    if not isinstance(value, dict | Strict):
        # A TypeError would pass through pydantic and lose the line.
        raise ValueError(  # noqa: TRY004
            f"must be {{folder: ...}} or {{files: [...]}}, got {value!r:.60}"
        )
    return value


Videos = Annotated[
    Annotated[VideoFolder, Tag("<folder>")]
    | Annotated[VideoFiles, Tag("<files>")]
    | Annotated[GeneratedVideos, Tag("<drawn>")],
    Discriminator(_kind),
    BeforeValidator(_mapping),
]


class AnnotationSource(Strict):
    """Ground truth in one of the formats people have; a subset of it, where it has any."""

    format: Format
    path: Path = Path()
    subset: str | None = None


def annotation_source(value: Any) -> Any:  # noqa: ANN401 - a file may hold anything
    """Read a plain path as a source whose suffix says its format.

    Raises:
        ValueError: If the suffix says none.
    """
    if not isinstance(value, str):
        return value
    path = Path(value)
    if path.suffix.lower() not in BY_SUFFIX:
        raise ValueError(
            "a plain path must end in .json (ActivityNet) or .csv; else write "
            "{format: ..., path: ...}"
        )
    return {"format": BY_SUFFIX[path.suffix.lower()], "path": value}


CaptionFormat = Literal["activitynet-captions", "csv"]
CAPTIONS_BY_SUFFIX: dict[str, CaptionFormat] = {".json": "activitynet-captions", ".csv": "csv"}


class CaptionSource(Strict):
    """Files with captioned segments, all of one format; together they are one list.

    A caption that reaches past the end of its video is refused; with ``outside: trim`` it is
    cut at the end, and left out where nothing remains.
    """

    format: CaptionFormat
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]
    outside: Literal["refuse", "trim"] = "refuse"


def caption_source(value: Any) -> Any:  # noqa: ANN401 - a file may hold anything
    """Read a path, or a list of paths, as a source whose suffix says its format.

    Raises:
        ValueError: If the suffix says none, or two formats are mixed.
    """
    if not isinstance(value, str | list):
        return value
    paths = [value] if isinstance(value, str) else value
    formats = {CAPTIONS_BY_SUFFIX.get(Path(str(path)).suffix.lower()) for path in paths}
    if len(formats) != 1 or None in formats:
        raise ValueError(
            "paths must all end in .json (ActivityNet Captions) or all in .csv; else write "
            "{format: ..., paths: [...]}"
        )
    return {"format": formats.pop(), "paths": paths}


class Reader(Strict):
    """How files are decoded, in child processes."""

    backend: Literal["pyav", "decord"] = "pyav"
    timeout_s: Annotated[float, Field(gt=0)] = 120.0
    memory_mb: Annotated[int, Field(ge=512)] = 4096
