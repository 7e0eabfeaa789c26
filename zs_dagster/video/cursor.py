"""Walking to the frame shown at a time, by checked jumps or from the start."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zs_dagster.video.container import check_size, open_video
from zs_dagster.video.errors import CorruptFrames, ResolutionChanges
from zs_dagster.video.frames import FrameIndex
from zs_dagster.video.pulse import PULSE

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MAX_LEADING_S = 1.0
"""A file cut out of a longer one may begin with frames that need what was cut off."""


class Decoded(NamedTuple):
    """A decoded picture and the ticks at which it is shown."""

    pts: int
    picture: "VideoFrame"


class LostWayError(Exception):
    """A jump led to another place than the index says; decode from the start instead."""


class Cursor:
    """Decodes one file, forward where it can.

    The frame for a tick is the last one decoded to start by then. A jump to a key frame is
    trusted only if decoding begins with a key frame at or before the tick, and ends at the
    very frame the index names. Otherwise it goes further back, at last to the start.

    Attributes:
        n_decoded: Frames decoded so far, the measure of the work done.
    """

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        self._may_jump = index.seekable
        self._files = ExitStack()
        self.n_decoded = 0

    def __enter__(self) -> "Cursor":
        self._rewind()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def at(self, pts: int) -> Decoded:
        """Return the frame shown at a tick of the index.

        Raises:
            CorruptFrames: If it cannot be decoded.
            ResolutionChanges: If its size is not that of the first frame.
        """
        try:
            return self._checked(pts)
        except LostWayError:
            self._may_jump = False
            self._rewind()
            return self._checked(pts)

    def _checked(self, pts: int) -> Decoded:
        self._approach(pts)
        found = self._walk(pts)
        if self._jumped and (found.pts != pts or found.picture.is_corrupt):
            raise LostWayError
        ahead_s = (found.pts - pts) * self._index.time_base[0] / self._index.time_base[1]
        # Ahead of the tick is only the first frame there is; behind it, others were lost.
        if not 0 <= ahead_s <= MAX_LEADING_S or found.picture.is_corrupt:
            raise self._corrupt(pts, "damaged or missing")
        return found

    def _approach(self, pts: int) -> None:
        """Go back, or jump ahead where a key frame lies between here and the tick."""
        position = self._next.pts if self._next else np.inf
        is_back = self._shown is not None and pts < self._shown.pts
        key = int(np.searchsorted(self._index.key_pts, pts, side="right")) - 1
        if self._may_jump and key > 0 and (is_back or self._index.key_pts[key] > position):
            self._jump(pts, key)
        elif is_back:
            self._rewind()

    def _jump(self, pts: int, key: int) -> None:
        back = 1
        while key > 0:
            target = int(self._index.key_pts[key])
            self._container.seek(target, stream=self._stream, backward=True)
            self._start(jumped=True)
            if self._next and self._next.pts <= pts and self._next.picture.key_frame:
                return
            key, back = key - back, back * 2
        self._rewind()

    def _rewind(self) -> None:
        self._files.close()
        self._container, self._stream = self._files.enter_context(open_video(self._path))
        self._start(jumped=False)

    def _start(self, jumped: bool) -> None:
        self._jumped = jumped
        self._decoded = self._decode(self._container, self._stream)
        self._shown: Decoded | None = None
        self._next: Decoded | None = None
        self._next = next(self._decoded, None)

    def _walk(self, pts: int) -> Decoded:
        while self._next and self._next.pts <= pts:
            self._shown, self._next = self._next, next(self._decoded, None)
        found = self._shown or self._next
        if found is None:
            raise LostWayError if self._jumped else self._corrupt(pts, "missing")
        return found

    def _decode(self, container: "InputContainer", stream: "VideoStream") -> Iterator[Decoded]:
        import av

        try:
            for order, frame in enumerate(container.decode(stream)):
                self.n_decoded += 1
                PULSE.beat()
                self._check_size(frame)
                yield Decoded(self._time(order, frame), frame)
        except av.EOFError:
            return
        except av.FFmpegError as error:
            if self._jumped:
                raise LostWayError from error
            last = self._shown.pts if self._shown else int(self._index.pts[0])
            raise self._corrupt(last, f"followed by an error: {error.strerror}") from error

    def _time(self, order: int, frame: "VideoFrame") -> int:
        if self._index.synthetic_time:
            known = self._index.pts
            return int(known[order] if order < known.size else known[-1] + order)
        before = self._next.pts if self._next else None
        if frame.pts is None or (before is not None and frame.pts <= before):
            if self._jumped:
                raise LostWayError
            raise self._corrupt(before or 0, "followed by one with no later time")
        return frame.pts

    def _check_size(self, frame: "VideoFrame") -> None:
        check_size(self._path, frame.width, frame.height)
        turned = self._index.rotation in (90, 270)
        shown = (frame.height, frame.width) if turned else (frame.width, frame.height)
        if shown != (self._index.width, self._index.height):
            raise ResolutionChanges(
                self._path,
                f"the picture changes from {self._index.width}x{self._index.height} to "
                f"{shown[0]}x{shown[1]}; cut or convert it to one size",
            )

    def _corrupt(self, pts: int, state: str) -> CorruptFrames:
        time_s = float(self._index.seconds(np.array(pts)))
        return CorruptFrames(
            self._path, f"the frame at {time_s:.2f} s is {state}; get it again or repair it"
        )
