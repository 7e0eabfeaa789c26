"""Frames of a file at a rate, or all of them: what models look at."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from zs_dagster.digests import file_digest
from zs_dagster.errors import InputError, VideoError
from zs_dagster.video.backends import DEFAULT_BACKEND, Backend, iter_frames_by
from zs_dagster.video.frames import FloatArray, FrameIndex, Frames
from zs_dagster.video.sampling import sample_times
from zs_dagster.video.scan import scan


def sampled_frames(
    path: Path | str,
    fps: float | None,
    content_hash: str | None = None,
    *,
    picks: Sequence[int] | None = None,
    backend: Backend = DEFAULT_BACKEND,
) -> Iterator[Frames]:
    """Read the frames shown at ``k / fps``, each one once, in chunks of bounded size.

    Where the file shows one frame for longer than ``1 / fps`` it is one sample: asking a model
    twice about the same pixels says nothing new, and presentation times stay increasing.

    Args:
        path: Video file.
        fps: Frames to look at per second, > 0; every frame if there is none.
        content_hash: What the bytes of the file must be, where results are kept by content.
        picks: Places among those frames, ascending, to read only some; all by default.
        backend: What `choose_backend` named for the file.

    Raises:
        InputError: If ``fps`` is not finite and positive, or a pick is none of the frames.
        VideoError: If the file or a frame cannot be read.
    """
    index = checked_index(Path(path), content_hash)
    times = index.seconds(index.pts) if fps is None else _at_rate(index, fps)
    yield from iter_frames_by(backend, Path(path), index, _picked(times, picks))


def checked_index(path: Path, content_hash: str | None) -> FrameIndex:
    """Index a file that holds the bytes it is known by.

    Raises:
        VideoError: If it holds others, or cannot be read.
    """
    if content_hash is not None and file_digest(path) != content_hash:
        raise VideoError(path, "changed since it was probed; materialise `videos` again")
    return scan(path)


def _at_rate(index: FrameIndex, fps: float) -> FloatArray:
    times = sample_times(index.duration_s, fps)
    _, first = np.unique(index.shown_at(times), return_index=True)
    return times[first]


def _picked(times: FloatArray, picks: Sequence[int] | None) -> FloatArray:
    if picks is None:
        return times
    wrong = [pick for pick in picks if not 0 <= pick < times.size]
    if wrong:
        raise InputError(f"picks must be in 0 to {times.size - 1}, got {wrong[0]}")
    return times[np.array(picks, dtype=np.intp)]
