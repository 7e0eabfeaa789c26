"""Videos decoded in processes of their own, so that a bad file costs only itself.

A child is started anew, never forked: forking beside a live decoder hangs. It serves one file
after another, is killed when it is silent for too long, and ends when its parent does.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zs_dagster.errors import InputError, VideoError
from zs_dagster.video.backends import DEFAULT_BACKEND, Backend
from zs_dagster.video.errors import named_error
from zs_dagster.video.frames import FrameIndex, Frames
from zs_dagster.video.header import Header
from zs_dagster.video.messages import Message
from zs_dagster.video.probe import VideoInfo
from zs_dagster.video.process import LAST, Child, Limits

MAX_READ_AHEAD = 3


class Sampling(NamedTuple):
    """A file and the rate at which to look at it; see `sampled_frames`."""

    path: Path
    fps: float | None
    content_hash: str | None = None
    backend: Backend = DEFAULT_BACKEND
    picks: tuple[int, ...] | None = None


class Decoders:
    """A pool of decoding children; use it as a context.

    Args:
        workers: How many at once; one per CPU core by default.
        limits: What each may take.
        backend: Library that `probe` tries to choose.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits | None = None,
        backend: Backend = DEFAULT_BACKEND,
    ) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._limits = limits or Limits()
        self._backend = backend
        self._idle: list[Child] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._idle:
            self._idle.pop().end()

    def probe(self, path: Path | str) -> VideoInfo:
        """Identify, index and decode-check a file.

        Raises:
            VideoError: If it is refused; see ``zs_dagster.video.errors``.
        """
        path = Path(path)
        (message,) = self._ask("probe", path, {"backend": self._backend})
        return _info(message)

    def probe_many(
        self, paths: Iterable[Path]
    ) -> Iterator[tuple[Path, VideoInfo | VideoError]]:
        """Probe files side by side; yields each with what came out, in the order given."""
        with ThreadPoolExecutor(self.workers) as threads:
            yield from threads.map(self._attempt, paths)

    def header_many(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Header | VideoError]]:
        """Read the headers of files side by side, in the order given; nothing is decoded."""
        with ThreadPoolExecutor(self.workers) as threads:
            yield from threads.map(self._header, paths)

    def sampled_frames(self, wanted: Sampling) -> "FrameStream":
        """Read frames at a rate; the child decodes the next chunk while this one is used.

        Raises:
            InputError: If the rate is not finite and positive; as the stream is read.
            VideoError: If the file or a frame cannot be read; as the stream is read.
        """
        said = wanted._asdict()
        return FrameStream(self._ask("sample", said.pop("path"), said))

    def frame_times(self, path: Path, content_hash: str | None = None) -> NDArray[np.float64]:
        """Return when each frame of a file is shown, seconds, without decoding any.

        Raises:
            VideoError: If it cannot be read or holds other bytes.
        """
        (message,) = self._ask("times", path, {"content_hash": content_hash})
        times: NDArray[np.float64] = message.arrays[0]
        return times

    def sampled_many(
        self, wanted: Iterable[Sampling]
    ) -> Iterator[tuple[Sampling, "FrameStream"]]:
        """Read files one after another; the next ones are begun while one is being used.

        Memory stays bounded: what is read ahead waits after its first chunk.
        """
        coming, ahead = iter(wanted), deque[tuple[Sampling, FrameStream]]()
        reach = min(self.workers - 1, MAX_READ_AHEAD) + 1
        try:
            while True:
                for request in islice(coming, reach - len(ahead)):
                    ahead.append((request, self.sampled_frames(request)))
                if not ahead:
                    return
                yield ahead[0]
                ahead.popleft()[1].close()
        finally:
            for _, stream in ahead:
                stream.close()

    def iter_frames(
        self,
        path: Path | str,
        times_s: ArrayLike,
        *,
        index: FrameIndex | None = None,
        size: tuple[int, int] | None = None,
        backend: str = DEFAULT_BACKEND,
        chunk: int | None = None,
    ) -> "FrameStream":
        """Read the frames shown at given times, see ``reading.iter_frames``.

        Raises:
            InputError: If an argument breaks a rule.
            VideoError: If the file or a frame cannot be read.
        """
        times = np.array(times_s, dtype=np.float64)
        said: dict[str, Any] = {"size": size, "backend": backend, "chunk": chunk, "index": None}
        arrays: list[NDArray[Any]] = [times]
        if index is not None:
            said["index"] = {
                k: v for k, v in vars(index).items() if k not in ("pts", "key_pts")
            }
            arrays += [index.pts, index.key_pts]
        return FrameStream(self._ask("read", Path(path), said, arrays))

    def _attempt(self, path: Path) -> tuple[Path, VideoInfo | VideoError]:
        try:
            return path, self.probe(path)
        except VideoError as error:
            return path, error

    def _header(self, path: Path) -> tuple[Path, Header | VideoError]:
        try:
            (message,) = self._ask("header", path, {})
        except VideoError as error:
            return path, error
        return path, Header(**message.header["facts"])

    def _ask(
        self,
        task: str,
        path: Path,
        said: dict[str, Any],
        arrays: Sequence[NDArray[Any]] = (),
    ) -> "Stream":
        """Give a task to a child, which begins at once."""
        with self._lock:
            child = self._idle.pop() if self._idle else Child(self._limits)
        # The child works in another folder; messages keep the path as it was given.
        child.ask({"task": task, "path": os.fsencode(path.absolute()).hex(), **said}, arrays)
        return Stream(child, path, self._give_back)

    def _give_back(self, child: Child) -> None:
        with self._lock:
            self._idle.append(child)


class Stream:
    """What a child answers about one file; whoever stops early gives the child up.

    Args:
        child: The process, already asked.
        path: The file it was asked about.
        give_back: Takes the child when it is free again.
    """

    def __init__(self, child: Child, path: Path, give_back: Callable[[Child], None]) -> None:
        self._child: Child | None = child
        self._path = path
        self._give_back = give_back
        self._messages = child.answers(path)

    def __iter__(self) -> "Stream":
        return self

    @property
    def pid(self) -> int | None:
        """The process that answers; none when it is done."""
        return self._child.pid if self._child else None

    def __next__(self) -> Message:
        try:
            message = next(self._messages)
        except BaseException:
            self.close()
            raise
        if message.header["kind"] in LAST:
            self._release()
            raise _ending(message, self._path)
        return message

    def close(self) -> None:
        """End the child if it is still at work."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def __del__(self) -> None:
        self.close()

    def _release(self) -> None:
        if self._child is not None:
            self._give_back(self._child)
            self._child = None


class FrameStream:
    """Frames as a child decodes them, chunk by chunk."""

    def __init__(self, messages: Stream) -> None:
        self._messages = messages

    def __iter__(self) -> "FrameStream":
        return self

    @property
    def pid(self) -> int | None:
        """The process that decodes; none when it is done."""
        return self._messages.pid

    def __next__(self) -> Frames:
        rgb, time_s, requested_s = next(self._messages).arrays
        return Frames(rgb, time_s, requested_s)

    def close(self) -> None:
        """End the decoding if it is still going on."""
        self._messages.close()


def _ending(message: Message, path: Path) -> Exception:
    said = message.header
    if said["kind"] == "error":
        return named_error(said["name"], str(path), said["reason"])
    return InputError(said["reason"]) if said["kind"] == "input-error" else StopIteration()


def _info(message: Message) -> VideoInfo:
    pts, key_pts = message.arrays
    facts, index = message.header["facts"], message.header["index"]
    for said in (facts, index):
        said["time_base"] = tuple(said["time_base"])
    return VideoInfo(**facts, index=FrameIndex(pts=pts, key_pts=key_pts, **index))
