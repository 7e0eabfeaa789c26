"""When the frames of a dataset's videos are shown, read from the files when first needed."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from zs_dagster.errors import VideoError
from zs_dagster.exchange.frames import FrameClock
from zs_dagster.video.decoders import Decoders

# Of a container that does not say its rate: the simplest fraction close to the measured one.
MAX_DENOMINATOR = 1001


class FrameClocks:
    """The frame clocks of some videos; each file is read once.

    Args:
        pool: Reads the files.
        videos: Rows of the table `videos`.
    """

    def __init__(self, pool: Decoders, videos: Iterable[dict[str, Any]]) -> None:
        self._pool = pool
        self._videos = {video["video_id"]: video for video in videos}
        self._known: dict[str, FrameClock] = {}

    def of(self, video_id: str) -> FrameClock:
        """Return the frames of a video.

        Raises:
            VideoError: If the file cannot be read or is no longer the one that was localized.
        """
        if video_id not in self._known:
            self._known[video_id] = self._read(self._videos[video_id])
        return self._known[video_id]

    def _read(self, video: dict[str, Any]) -> FrameClock:
        path = Path(video["path"])
        times = self._pool.frame_times(path, video["content_hash"])
        ((_, header),) = self._pool.header_many([path])
        said = Fraction(0) if isinstance(header, VideoError) else Fraction(header.rate)
        measured = Fraction(len(times) / video["duration_s"]).limit_denominator(MAX_DENOMINATOR)
        return FrameClock(said or measured, times, video["duration_s"])
