"""Which library decodes a file: PyAV, or decord where it was shown to give the same frames."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from numpy.typing import ArrayLike

from zs_dagster.video.errors import UnsupportedByBackend
from zs_dagster.video.frames import FrameIndex, Frames
from zs_dagster.video.reading import iter_frames

Backend = Literal["pyav", "decord"]
DEFAULT_BACKEND: Backend = "pyav"


def choose_backend(path: Path, index: FrameIndex, wanted: Backend) -> tuple[Backend, str]:
    """Return the backend to use and why; PyAV unless decord is wanted and passes its gate."""
    if wanted == "pyav":
        return "pyav", "default"
    from zs_dagster.video.decord_gate import refuses_decord

    reason = refuses_decord(path, index)
    return ("pyav", f"decord was refused: {reason}") if reason else ("decord", "as chosen")


def iter_frames_by(
    backend: Backend,
    path: Path,
    index: FrameIndex,
    times_s: ArrayLike,
    size: tuple[int, int] | None = None,
    *,
    chunk: int | None = None,
) -> Iterator[Frames]:
    """Read like `iter_frames`, by the backend that `choose_backend` named for the file.

    Where decord fails in the middle, PyAV gives the rest.
    """
    import numpy as np

    times = np.array(times_s, dtype=np.float64)
    done = 0
    if backend == "decord":
        from zs_dagster.video.decord_backend import iter_decord_frames

        try:
            for frames in iter_decord_frames(path, index, times, size, chunk=chunk):
                yield frames
                done += len(frames)
        except UnsupportedByBackend:
            pass
    if done < times.size or not times.size:
        yield from iter_frames(path, index, times[done:], size, chunk=chunk)
