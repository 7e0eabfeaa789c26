"""Opening a video file safely: what it is, is known before FFmpeg touches it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zs_dagster.video.errors import (
    EmptyFile,
    NotAFile,
    NotAVideo,
    NotReadable,
    NoVideoStream,
    TooLarge,
    UnsupportedCodec,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

CONTAINERS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg")
MAX_PIXELS = 4096 * 4096


def check_file(path: Path) -> int:
    """Return the size in bytes of a regular, non-empty, readable file.

    Raises:
        NotReadable: If it is missing or may not be read.
        NotAFile: If it is a directory, a pipe or a device; opening a pipe would wait forever.
        EmptyFile: If it has no bytes.
    """
    try:
        str(path).encode()
        status = path.stat()
        regular, readable = stat.S_ISREG(status.st_mode), os.access(path, os.R_OK)
    except OSError as error:
        raise NotReadable(path, (error.strerror or str(error)).lower()) from error
    except UnicodeEncodeError as error:
        raise NotReadable(path, "its name is not UTF-8; rename it") from error
    except ValueError as error:  # a NUL character in the name
        raise NotReadable(path, str(error)) from error
    if not regular:
        raise NotAFile(path, "not a regular file; give the path of a video file")
    if not readable:
        raise NotReadable(path, "permission denied")
    if status.st_size == 0:
        raise EmptyFile(path, "the file is empty (0 bytes); copy or download it again")
    return status.st_size


@contextmanager
def open_video(path: Path) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """Open a file that passed ``check_file`` and choose its video stream.

    Only local files in an accepted container are read: playlists, which name other files, are
    not. The decoder gets one thread; parallel work is over files.

    Yields:
        The container, and its best video stream.

    Raises:
        NotAVideo: If the container is not accepted or is broken.
        NoVideoStream: If there is no moving picture.
        UnsupportedCodec: If nothing decodes the stream.
        TooLarge: If a picture has more than ``MAX_PIXELS`` pixels.
    """
    container = _open(path)
    try:
        stream = _choose_stream(path, container)
        stream.thread_type = "SLICE"
        stream.codec_context.thread_count = 1
        # Damage is an error; by default a decoder hides it under a copy of what came before.
        stream.codec_context.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
        yield container, stream
    finally:
        container.close()


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse pictures above the cap, sizes in pixels.

    Raises:
        TooLarge: If there are more than ``MAX_PIXELS`` pixels.
    """
    if width * height > MAX_PIXELS:
        raise TooLarge(
            path, f"{width}x{height} pixels, more than the cap of {MAX_PIXELS}; scale it down"
        )


def _open(path: Path) -> "InputContainer":
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
    try:
        return av.open(f"file:{path}", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise NotAVideo(
            path,
            f"not a whole file of an accepted container ({', '.join(CONTAINERS)}); "
            "convert it or get it again",
        ) from error


def _choose_stream(path: Path, container: "InputContainer") -> "VideoStream":
    from av.stream import Disposition
    from av.video.stream import VideoStream

    stream = container.streams.best("video")
    still = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    if not isinstance(stream, VideoStream) or stream.disposition & still:
        kinds = ", ".join(s.type for s in container.streams) or "none"
        raise NoVideoStream(path, f"no moving picture (streams: {kinds})")
    _check_codec(path, stream)
    check_size(path, stream.codec_context.width, stream.codec_context.height)
    return stream


def _check_codec(path: Path, stream: "VideoStream") -> None:
    if stream.codec_context is None:
        raise UnsupportedCodec(path, "no decoder for its codec; convert it, e.g. to H.264")
    if stream.codec_context.codec_tag in ("encv", "drmi"):
        raise UnsupportedCodec(path, f"encrypted ({stream.codec_context.name})")
