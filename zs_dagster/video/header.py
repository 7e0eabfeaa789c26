"""What the header of a file claims: enough to estimate work, not to read frames by."""

from dataclasses import dataclass
from pathlib import Path

from zs_dagster.video.container import check_file, open_video
from zs_dagster.video.errors import NotAVideo
from zs_dagster.video.scan import MICROSECONDS


@dataclass(frozen=True)
class Header:
    """Claims of a header, unchecked.

    Attributes:
        duration_s: Seconds.
        width: Pixels as stored; a rotation is not applied.
        height: Pixels as stored.
        rate: Average frames per second as an exact fraction, "30000/1001"; "0" if unsaid.
    """

    duration_s: float
    width: int
    height: int
    rate: str = "0"


def read_header(path: Path) -> Header:
    """Read the header of a file; nothing is decoded or hashed.

    Raises:
        VideoError: If it is refused, or does not say how long the video is.
    """
    check_file(path)
    with open_video(path) as (container, stream):
        own = float((stream.duration or 0) * (stream.time_base or 0))
        duration_s = own or (container.duration or 0) / MICROSECONDS
        picture = stream.codec_context
        if duration_s <= 0 or not picture.width:
            raise NotAVideo(path, "its header does not say how long it is")
        rate = str(stream.average_rate or stream.guessed_rate or 0)
        return Header(duration_s, picture.width, picture.height, rate)
