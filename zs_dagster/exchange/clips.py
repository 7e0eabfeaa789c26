"""Segments as video files of their own: encoded again frame by frame, or copied."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zs_dagster.exchange.frames import FrameClock

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Ticks per second of clips whose frames are not evenly spaced; common rates divide it.
FINE = Fraction(90_000)
QUALITY = {"crf": "18"}
COPYABLE = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm"})


class Cut(NamedTuple):
    """What a copied clip covers, seconds of the video."""

    start_s: float
    end_s: float


def encode(
    path: Path, frames: Iterable[NDArray[np.uint8]], times: Sequence[int], tick: Fraction
) -> None:
    """Write frames as H.264 without sound.

    Args:
        path: File to write, ``.mp4``.
        frames: Each ``(H, W, 3)`` RGB, one per time.
        times: When each is shown, ticks from 0, increasing.
        tick: Ticks per second.
    """
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = None
        for image, time in zip(frames, times, strict=True):
            image = _even(image)
            if stream is None:
                stream = container.add_stream("libx264", rate=tick, options=QUALITY)
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = 1 / tick
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, 1 / tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def clip_times(clock: FrameClock, first: int, stop: int) -> tuple[list[int], Fraction]:
    """Return when frames of a clip are shown, in ticks from 0, and the ticks per second."""
    if clock.is_constant:
        return list(range(stop - first)), clock.rate
    seconds = clock.time_s[first:stop] - clock.time_s[first]
    return [round(float(time) * FINE) for time in seconds], FINE


def copy(
    source: "tuple[InputContainer, VideoStream]", path: Path, start_s: float, end_s: float
) -> Cut:
    """Copy packets without decoding: from the key frame at or before the start.

    Args:
        source: An open video and its stream.
        path: File to write; its suffix is the container.
        start_s: Seconds from the first frame.
        end_s: Seconds.

    Returns:
        What was copied. It begins at a key frame and ends where the frames that were decoded
        together do, so it may be longer on both sides.
    """
    import av

    container, stream = source
    tick_s = Fraction(stream.time_base or 1)
    zero = stream.start_time or 0
    begin, end = (zero + round(time / tick_s) for time in (start_s, end_s))
    container.seek(begin, stream=stream, backward=True)
    shown: list[tuple[int, int]] = []
    with av.open(str(path), "w") as target:
        to = target.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.pts is None or packet.dts is None or (shown and packet.pts < shown[0][0]):
                continue
            if packet.dts >= end:
                break
            shown.append((packet.pts, packet.pts + (packet.duration or 0)))
            packet.pts, packet.dts = packet.pts - shown[0][0], packet.dts - shown[0][0]
            packet.stream = to
            target.mux(packet)
    seconds = [
        float((time - zero) * tick_s) for time in (shown[0][0], max(e for _, e in shown))
    ]
    return Cut(*seconds)


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row or column where a side is odd, which the format cannot hold."""
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
