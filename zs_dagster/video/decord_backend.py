"""Frames through decord 0.6, for files that passed `decord_gate`.

Only ever imported in a decoding child: decord must come after torch where both are, keeps
decoding into an unbounded queue while idle, and cannot be used after a fork.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zs_dagster.video.errors import UnsupportedByBackend
from zs_dagster.video.frames import FloatArray, FrameIndex, Frames, IntArray
from zs_dagster.video.reading import chunk_length

# decord keeps times in single precision, seconds.
RELATIVE_TOLERANCE = 2**-22
TOLERANCE_S = 1e-3


def read_decord_frames(
    path: Path, index: FrameIndex, times_s: ArrayLike, size: tuple[int, int] | None = None
) -> Frames:
    """Read like ``reading.read_frames``, by decord.

    Raises:
        UnsupportedByBackend: If decord cannot open or decode the file, or counts other frames
            than the index.
    """
    times = np.array(times_s, dtype=np.float64)
    (frames,) = iter_decord_frames(path, index, times, size, chunk=max(1, times.size))
    return frames


def iter_decord_frames(
    path: Path,
    index: FrameIndex,
    times_s: FloatArray,
    size: tuple[int, int] | None = None,
    *,
    chunk: int | None = None,
) -> Iterator[Frames]:
    """Read like ``reading.iter_frames``, by decord.

    Raises:
        UnsupportedByBackend: As `read_decord_frames`; chunks already given stay right.
    """
    shape = size or (index.width, index.height)
    length = chunk_length(shape, chunk)
    wanted = np.searchsorted(index.pts, index.shown_at(times_s))
    try:
        reader = _open(path, index, shape)
        try:
            for start in range(0, times_s.size, length):
                part = slice(start, start + length)
                yield _read(reader, index, wanted[part], times_s[part])
        finally:
            del reader  # It goes on decoding into memory as long as it lives.
    # Its own errors derive from Exception alone.
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise UnsupportedByBackend(path, f"decord failed: {reason}; use pyav") from error


def _open(path: Path, index: FrameIndex, size: tuple[int, int]) -> Any:  # noqa: ANN401 - untyped
    import decord

    # A tolerance of 0 is ignored; 1 reports the first frame that cannot be decoded.
    reader = decord.VideoReader(
        str(path), num_threads=1, width=size[0], height=size[1], fault_tol=1
    )
    if len(reader) != index.n_frames:
        raise ValueError(f"it counts {len(reader)} frames instead of {index.n_frames}")
    return reader


def _read(reader: Any, index: FrameIndex, wanted: IntArray, times: FloatArray) -> Frames:  # noqa: ANN401
    unique, place = np.unique(wanted, return_inverse=True)
    starts = index.seconds(index.pts)
    theirs = reader.get_frame_timestamp(unique)[:, 0].astype(np.float64)
    expected = starts[unique]
    if (np.abs(theirs - expected) > TOLERANCE_S + RELATIVE_TOLERANCE * expected).any():
        raise ValueError("its times differ from those of the packets")
    rgb = reader.get_batch(unique.tolist()).asnumpy()
    return Frames(np.ascontiguousarray(rgb[place]), starts[wanted], times)
