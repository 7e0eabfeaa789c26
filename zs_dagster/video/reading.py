"""Frames at given times, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zs_dagster.errors import InputError
from zs_dagster.video.container import check_file
from zs_dagster.video.cursor import Cursor
from zs_dagster.video.frames import FloatArray, FrameIndex, Frames

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

MAX_CHUNK = 64
MAX_CHUNK_BYTES = 48 << 20
MAX_CHECKED_FRAMES = 20_000
"""Up to about a quarter of an hour, checking every frame costs seconds, once per file."""


def read_frames(
    path: Path | str,
    index: FrameIndex,
    times_s: ArrayLike,
    size: tuple[int, int] | None = None,
) -> Frames:
    """Read the frame shown at each time, all in memory.

    Args:
        path: The file ``index`` was made from.
        index: Its frames, from ``probe`` or ``scan``.
        times_s: Shape ``(N,)``, seconds from the first frame, any order. The frame shown at t
            is the last that starts at or before t; before the first it is the first.
        size: ``(width, height)`` in pixels of the frames returned; as shown by default.

    Returns:
        N frames in the order of ``times_s``.

    Raises:
        InputError: If a time is not finite or the size is not positive.
        VideoError: If a frame asked for, or one needed for it, cannot be decoded.
    """
    times = _check_times(times_s)
    width, height = _check_size(index, size)
    path = Path(path)
    check_file(path)
    with Cursor(path, index) as cursor:
        return _read(cursor, index, times, (width, height))


def iter_frames(
    path: Path | str,
    index: FrameIndex,
    times_s: ArrayLike,
    size: tuple[int, int] | None = None,
    *,
    chunk: int | None = None,
) -> Iterator[Frames]:
    """Read like ``read_frames``, at most ``chunk`` frames in memory at a time.

    The chunks follow each other in the order of ``times_s``; ascending times are fastest. By
    default a chunk has at most 64 frames and about 48 MB, whatever the size of the picture.

    Raises:
        InputError: If an argument breaks a rule; at the first step.
        VideoError: If a frame cannot be decoded; chunks already given stay right.
    """
    times = _check_times(times_s)
    shape = _check_size(index, size)
    chunk = chunk_length(shape, chunk)
    path = Path(path)
    check_file(path)
    with Cursor(path, index) as cursor:
        for start in range(0, times.size, chunk):
            yield _read(cursor, index, times[start : start + chunk], shape)


def chunk_length(size: tuple[int, int], wanted: int | None = None) -> int:
    """Return how many frames of a size (width, height) to hold at a time.

    Raises:
        InputError: If ``wanted`` is below 1.
    """
    if wanted is None:
        return min(MAX_CHUNK, max(1, MAX_CHUNK_BYTES // (3 * size[0] * size[1])))
    if wanted < 1:
        raise InputError(f"chunk must be >= 1 frame, got {wanted}")
    return wanted


def check_decodes(path: Path | str, index: FrameIndex) -> None:
    """Walk to the frames the way reading does: all of them, or five where there are many.

    Raises:
        VideoError: If one of them cannot be decoded.
    """
    path = Path(path)
    check_file(path)
    wanted = index.pts
    if index.n_frames > MAX_CHECKED_FRAMES:
        wanted = index.shown_at(np.linspace(0.0, index.duration_s, 5))
    with Cursor(path, index) as cursor:
        for pts in wanted.tolist():
            cursor.at(pts)


def _read(
    cursor: Cursor, index: FrameIndex, times: FloatArray, size: tuple[int, int]
) -> Frames:
    """Visit the times in ascending order, store what is shown in the order given."""
    wanted = index.shown_at(times)
    rgb = np.empty((times.size, size[1], size[0], 3), dtype=np.uint8)
    pts = np.empty(times.size, dtype=np.int64)
    previous = -1
    for i in np.argsort(wanted, kind="stable"):
        if previous >= 0 and wanted[i] == wanted[previous]:
            rgb[i], pts[i] = rgb[previous], pts[previous]
        else:
            pts[i], picture = cursor.at(int(wanted[i]))
            rgb[i] = _to_rgb(picture, index.rotation, size)
        previous = int(i)
    return Frames(rgb, index.seconds(pts), times)


def _to_rgb(picture: "VideoFrame", rotation: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size[::-1] if rotation in (90, 270) else size
    scaled = picture.reformat(
        width=width, height=height, format="rgb24", interpolation="BILINEAR", threads=1
    )
    return np.rot90(scaled.to_ndarray(), rotation // 90).astype(np.uint8, copy=False)


def _check_times(times_s: ArrayLike) -> FloatArray:
    times = np.array(times_s, dtype=np.float64)
    if times.ndim != 1:
        raise InputError(f"times_s must have shape (N,), got {times.shape}")
    broken = np.flatnonzero(~np.isfinite(times))
    if broken.size:
        raise InputError(
            f"times_s must be finite, got {times[broken[0]]} at {broken[0]}; "
            f"{broken.size} of {times.size} are not"
        )
    return times


def _check_size(index: FrameIndex, size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        return index.width, index.height
    if len(size) != 2 or min(size) < 1:
        raise InputError(f"size must be (width, height) in pixels, each >= 1, got {size}")
    return size
