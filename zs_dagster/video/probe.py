"""What a video file is, or why it is refused."""

from dataclasses import dataclass, field
from pathlib import Path

from zs_dagster.digests import file_digest
from zs_dagster.video.container import check_file, open_video
from zs_dagster.video.errors import NotReadable
from zs_dagster.video.frames import FrameIndex
from zs_dagster.video.scan import scan


@dataclass(frozen=True)
class VideoInfo:
    """Facts about one file, from all its packets rather than its header.

    Attributes:
        content_hash: BLAKE2b of all bytes, 32 hex digits: the identity of the video.
        size_bytes: Length of the file.
        container: FFmpeg's name of the container, such as ``matroska,webm``.
        codec: FFmpeg's name of the codec, such as ``h264``.
        width: Pixels as shown, after rotation.
        height: Pixels as shown, after rotation.
        rotation: Degrees counter-clockwise from stored to shown: 0, 90, 180 or 270.
        duration_s: From the start of the first frame to the end of the last.
        fps: Average frames per second.
        n_frames: Number of frames announced by the packets.
        start_pts: Presentation time of the first frame, ticks.
        time_base: Seconds per tick, ``(numerator, denominator)``.
        seekable: Whether reading can jump, or decodes from the start.
        synthetic_time: Whether the file's times were unusable and order / fps stands in.
        index: When each frame is shown; needed for reading.
        backend: Library that reads its frames, ``pyav`` or ``decord``.
        backend_reason: Why that one.
    """

    content_hash: str
    size_bytes: int
    container: str
    codec: str
    width: int
    height: int
    rotation: int
    duration_s: float
    fps: float
    n_frames: int
    start_pts: int
    time_base: tuple[int, int]
    seekable: bool
    synthetic_time: bool
    index: FrameIndex = field(repr=False, compare=False)
    backend: str = "pyav"
    backend_reason: str = "default"


def probe(path: Path | str) -> VideoInfo:
    """Identify and index a file: all bytes are hashed, all packets read, one frame decoded.

    Raises:
        VideoError: If the file is refused; see ``zs_dagster.video.errors``.
    """
    path = Path(path)
    size_bytes = check_file(path)
    with open_video(path) as (container, stream):
        names = (container.format.name, stream.codec_context.codec.canonical_name)
    index = scan(path)
    return VideoInfo(
        content_hash=_hash(path),
        size_bytes=size_bytes,
        container=names[0],
        codec=names[1],
        width=index.width,
        height=index.height,
        rotation=index.rotation,
        duration_s=index.duration_s,
        fps=index.fps,
        n_frames=index.n_frames,
        start_pts=int(index.pts[0]),
        time_base=index.time_base,
        seekable=index.seekable,
        synthetic_time=index.synthetic_time,
        index=index,
    )


def _hash(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise NotReadable(path, (error.strerror or str(error)).lower()) from error
