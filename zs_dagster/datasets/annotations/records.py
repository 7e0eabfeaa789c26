"""What annotation files say, as they say it; `lint` judges it."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Annotation(NamedTuple):
    """One instance of a class.

    Attributes:
        video_id: The video.
        label: Class label as written in the file.
        start_s: Seconds; None where the label holds for the whole video.
        end_s: Seconds, exclusive; None likewise.
        subsets: Official lists the instance belongs to, such as ``test1``.
    """

    video_id: str
    label: str
    start_s: float | None = None
    end_s: float | None = None
    subsets: tuple[str, ...] = ()


class VideoFacts(NamedTuple):
    """What an annotation file says about a video; None where it says nothing."""

    duration_s: float | None = None
    fps: float | None = None
    subset: str | None = None


@dataclass
class Annotations:
    """Everything read from an annotation source.

    Attributes:
        rows: The instances.
        videos: Video id -> facts, of every video named, with or without instances.
        ambiguous: Stretches of THUMOS14 that are neither an instance nor background.
    """

    rows: list[Annotation] = field(default_factory=list)
    videos: dict[str, VideoFacts] = field(default_factory=dict)
    ambiguous: list[Annotation] = field(default_factory=list)

    def add(self, row: Annotation, facts: VideoFacts | None = None) -> None:
        """Add an instance and note its video."""
        self.rows.append(row)
        self.videos.setdefault(row.video_id, facts or VideoFacts())
