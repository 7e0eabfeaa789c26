"""What is handed to people and what they hand back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from zs_dagster.exchange.frames import FrameClock


class Segment(NamedTuple):
    """One labelled interval, seconds, half-open; what a person marked has no score."""

    video_id: str
    label: str
    start_s: float
    end_s: float
    score: float | None = None


@dataclass(frozen=True, eq=False)
class Video:
    """A video to look at.

    Attributes:
        video_id: Unique in its dataset.
        path: The file, absolute.
        duration_s: Seconds.
        find_clock: Reads when its frames are shown; for formats that count frames.
        url: Where a browser finds it, if that is not the file.
    """

    video_id: str
    path: Path
    duration_s: float
    find_clock: Callable[[], FrameClock]
    url: str = ""

    @property
    def clock(self) -> FrameClock:
        """Its frames."""
        return self.find_clock()

    @property
    def name(self) -> str:
        """The id with the suffix of the file, a name that tools show."""
        return f"{self.video_id}{self.path.suffix}"

    @property
    def uri(self) -> str:
        """Where the video lies, percent-encoded."""
        return self.url or self.path.as_uri()


@dataclass(frozen=True, eq=False)
class Review:
    """The segments that one method found, and the videos they are in.

    Attributes:
        dataset: Its name.
        method: Which method.
        classes: Every label that a person may choose.
        videos: Also those in which nothing was found.
        segments: Best first in each video.
    """

    dataset: str
    method: str
    classes: tuple[str, ...]
    videos: tuple[Video, ...]
    segments: tuple[Segment, ...]

    def of(self, video: Video) -> list[Segment]:
        """Return the segments of a video in the order of time."""
        own = [s for s in self.segments if s.video_id == video.video_id]
        return sorted(own, key=lambda s: (s.start_s, s.end_s, s.label))


@dataclass
class Corrections:
    """What a file says after people worked on it.

    Attributes:
        segments: Their segments.
        videos: Every video that the file speaks of, with or without segments.
    """

    segments: list[Segment] = field(default_factory=list)
    videos: set[str] = field(default_factory=set)

    def add(self, video_id: str, segments: Iterable[Segment] = ()) -> None:
        """Note a video and what is in it."""
        self.videos.add(video_id)
        self.segments += segments


def media_url(prefix: str, video_id: str, path: Path) -> str:
    """Return the address of a video below a prefix; empty without one."""
    return f"{prefix}{quote(f'{video_id}{path.suffix}')}" if prefix else ""
