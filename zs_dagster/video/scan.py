"""Demuxing a whole file, without decoding, to learn when each frame is shown."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zs_dagster.video.container import check_file, check_size, open_video
from zs_dagster.video.errors import CorruptFrames, Truncated
from zs_dagster.video.frames import FrameIndex, IntArray
from zs_dagster.video.pulse import PULSE

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

MIN_SHARE_OF_HEADER = 0.95
"""Files shorter than this share of what their header promises count as truncated."""
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
"""Containers whose index leads to the right packet; jumps in others gave wrong frames."""
DECODE_TIMES_ONLY = ("avi",)
"""Containers that number frames as stored; with B-frames that is not the order shown."""
WITHOUT_HEADER = ("mpegts", "mpeg")
"""Containers whose duration is a guess from the first and the last time in the file."""
DEFAULT_RATE = Fraction(25)
MICROSECONDS = 1_000_000


@dataclass
class Packets:
    """What demuxing saw.

    Attributes:
        n: Number of packets of the video stream.
        pts: Their presentation times in ticks, in file order; missing ones are left out.
        key_pts: Those of key frames.
        last: Time and length in ticks of the packet shown last.
        start_s: Start of the first frame in seconds of the container's clock.
        end_s: End of the last frame in the same clock.
        end_any_s: End of the last packet of any stream.
        last_dts: Decoding time in ticks of the latest packet.
        goes_back: Whether decoding times ever decrease, as where files were joined.
        damage: What was wrong, or empty.
    """

    n: int = 0
    pts: list[int] = field(default_factory=list)
    key_pts: list[int] = field(default_factory=list)
    last: tuple[int, int] = (-(2**63), 0)
    start_s: float = float("inf")
    end_s: float = 0.0
    end_any_s: float = 0.0
    last_dts: int = -(2**63)
    goes_back: bool = False
    damage: str = ""

    @property
    def timed(self) -> bool:
        """Whether every packet has a presentation time of its own, on one clock."""
        return self.n == len(set(self.pts)) and not self.goes_back


class Picture(NamedTuple):
    """Size in pixels as stored, and degrees counter-clockwise to how it is shown."""

    width: int
    height: int
    rotation: int


def scan(path: Path) -> FrameIndex:
    """Index the frames of a file: every packet is read, one frame is decoded.

    Raises:
        VideoError: If the file cannot be read as a whole; see ``zs_dagster.video.errors``.
    """
    check_file(path)
    with open_video(path) as (container, stream):
        seen = _demux(container, stream)
        rate = _fraction(stream.average_rate or stream.guessed_rate) or DEFAULT_RATE
        _check_whole(path, seen, container, stream)
        _check_rate(path, seen, container, rate)
        tick_s = _fraction(stream.time_base) if seen.timed else 1 / rate
        pts = np.array(sorted(seen.pts) if seen.timed else range(seen.n), dtype=np.int64)
        by_order = not seen.timed or container.format.name in DECODE_TIMES_ONLY
        seekable = not by_order and bool(seen.key_pts) and container.format.name in SEEKABLE
        number = stream.index
    picture = _first_picture(path)
    turned = picture.rotation in (90, 270)
    return FrameIndex(
        pts=pts,
        key_pts=np.array(sorted(seen.key_pts) if seekable else [], dtype=np.int64),
        end_pts=int(pts[-1]) + _last_duration(seen, pts, 1 / (rate * tick_s)),
        time_base=(tick_s.numerator, tick_s.denominator),
        stream_index=number,
        width=picture.height if turned else picture.width,
        height=picture.width if turned else picture.height,
        rotation=picture.rotation,
        seekable=seekable,
        synthetic_time=by_order,
    )


def _fraction(value: object) -> Fraction:
    """Convert a rate or time base; none gives 0."""
    if not value:
        return Fraction(0)
    return Fraction(value.numerator, value.denominator)  # type: ignore[attr-defined]


def _demux(container: "InputContainer", stream: "VideoStream") -> Packets:
    import av

    seen = Packets()
    try:
        for packet in container.demux():
            PULSE.beat()
            if packet.size and not packet.is_discard:
                _add(seen, packet, is_video=packet.stream_index == stream.index)
    except av.FFmpegError as error:
        seen.damage = f"{error.strerror} after packet {seen.n}"
    return seen


def _add(seen: Packets, packet: "Packet[Stream]", is_video: bool) -> None:
    duration = packet.duration or 0
    tick_s = _fraction(packet.time_base)
    end_s = float((packet.pts + duration) * tick_s) if packet.pts is not None else 0.0
    seen.end_any_s = max(seen.end_any_s, end_s)
    if not is_video:
        return
    seen.n += 1
    if packet.is_corrupt and not seen.damage:
        seen.damage = f"packet {seen.n} is damaged"
    if packet.dts is not None:
        seen.goes_back = seen.goes_back or packet.dts < seen.last_dts
        seen.last_dts = packet.dts
    if packet.pts is not None:
        seen.pts.append(packet.pts)
        seen.last = max(seen.last, (packet.pts, duration))
        seen.start_s = min(seen.start_s, float(packet.pts * tick_s))
        seen.end_s = max(seen.end_s, end_s)
        if packet.is_keyframe:
            seen.key_pts.append(packet.pts)


def _check_whole(
    path: Path, seen: Packets, container: "InputContainer", stream: "VideoStream"
) -> None:
    """Compare what is there with the duration in the header, seconds."""
    if seen.timed and seen.n:
        promises = (
            (float((stream.duration or 0) * _fraction(stream.time_base)), seen.end_s),
            ((container.duration or 0) / MICROSECONDS, seen.end_any_s),
        )
        for promised_s, got_s in promises:
            # Some headers count from zero, some from the first frame: either may hold.
            if max(got_s, got_s - seen.start_s) < MIN_SHARE_OF_HEADER * promised_s:
                raise Truncated(
                    path,
                    f"ends after {got_s:.2f} s of the {promised_s:.2f} s in its header "
                    f"({seen.n} frames); get it again or repair it",
                )
    if seen.damage or not seen.n:
        reason = seen.damage or "its video stream has no packets"
        raise CorruptFrames(path, f"{reason}; get it again or repair it")


def _check_rate(path: Path, seen: Packets, container: "InputContainer", rate: Fraction) -> None:
    """Refuse order over rate as the time of a frame where it contradicts the header."""
    promised_s = (container.duration or 0) / MICROSECONDS
    if seen.timed or not promised_s or container.format.name in WITHOUT_HEADER:
        return
    got_s = float(seen.n / rate)
    if abs(got_s - promised_s) > (1 - MIN_SHARE_OF_HEADER) * promised_s:
        raise CorruptFrames(
            path,
            f"its frames have missing or repeated times, and {seen.n} at {float(rate):.2f} fps "
            f"last {got_s:.2f} s instead of the {promised_s:.2f} s in its header; get it "
            "again or convert it",
        )


def _last_duration(seen: Packets, pts: IntArray, ticks_per_frame: Fraction) -> int:
    """Ticks the last frame is shown: as stated, else the mean step, else by the rate."""
    if seen.timed and seen.last[1]:
        return seen.last[1]
    if pts.size > 1:
        return max(1, round(int(pts[-1] - pts[0]) / (pts.size - 1)))
    return max(1, round(ticks_per_frame))


def _first_picture(path: Path) -> Picture:
    """Decode the first frame: headers may lie about its size and do not hold its rotation."""
    import av

    with open_video(path) as (container, stream):
        try:
            frame = next(container.decode(stream), None)
        except av.FFmpegError as error:
            raise CorruptFrames(
                path, f"no first frame: {error.strerror}; get it again or repair it"
            ) from error
    if frame is None:
        raise CorruptFrames(path, "no frame can be decoded; get it again or repair it")
    check_size(path, frame.width, frame.height)
    return Picture(frame.width, frame.height, round(frame.rotation / 90) * 90 % 360)
