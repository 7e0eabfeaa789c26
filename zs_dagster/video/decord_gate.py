"""May decord be trusted with a file? Found from its packets, and by comparing frames.

decord 0.6 orders key frames as they are decoded but frames as they are shown, counts packets
that are never shown, and takes one frame per packet. On files where these differ it returns
other frames than asked for, without an error: open GOP, edit lists, B-frames in AVI, transport
and programme streams, WMV. Lost packets and intra refresh are not seen in the packets, hence
the comparison.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zs_dagster.errors import VideoError
from zs_dagster.video.container import open_video
from zs_dagster.video.decord_backend import read_decord_frames
from zs_dagster.video.frames import FrameIndex
from zs_dagster.video.reading import read_frames

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "mpeg4", "mjpeg", "prores", "mpeg2video"})
N_COMPARED = 12
THUMBNAIL = (64, 64)
# Of 255: scaling and colours differ a little between the libraries, other frames more.
MAX_DIFFERENCE = 12.0


def refuses_decord(path: Path, index: FrameIndex) -> str | None:
    """Return why decord must not read a file, or none if it may.

    Args:
        path: A file that the default backend reads.
        index: Its frames.
    """
    try:
        with open_video(path) as (container, stream):
            reason = _container(container, stream) or _packets(container, stream)
        return reason or _frames(path, index)
    except VideoError as error:
        return error.reason


def _container(container: "InputContainer", stream: "VideoStream") -> str | None:
    codec = stream.codec_context.codec.canonical_name
    moving = [s for s in container.streams.video if not s.disposition.value & 0x400]
    if container.format.name not in CONTAINERS:
        return f"container {container.format.name}"
    if codec not in CODECS:
        return f"codec {codec}"
    if len(moving) != 1:
        return f"{len(moving)} video streams"
    if not (stream.frames or container.duration):
        return "no duration in the header"
    return None


def _packets(container: "InputContainer", stream: "VideoStream") -> str | None:
    pts: list[int] = []
    keys: list[int] = []
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.pts is None:
            return "a packet without presentation time"
        if packet.is_discard:
            return "an edit list"
        if packet.is_keyframe:
            keys.append(len(pts))
        pts.append(packet.pts)
    ranks = np.argsort(np.argsort(pts, kind="stable"), kind="stable")
    if not keys or keys[0] != 0:
        return "the first packet is no key frame"
    if any(ranks[key] != key for key in keys):
        return "open GOP: frames shown before a key frame are stored after it"
    return None


def _frames(path: Path, index: FrameIndex) -> str | None:
    """Compare frames at random places, in random order, with what the default backend reads."""
    places = np.random.default_rng(0).permutation(index.n_frames)[:N_COMPARED]
    times = index.seconds(index.pts[places])
    theirs = read_decord_frames(path, index, times, THUMBNAIL)
    ours = read_frames(path, index, times, THUMBNAIL)
    difference = np.abs(theirs.rgb.astype(np.int16) - ours.rgb).mean(axis=(1, 2, 3))
    worst = int(difference.argmax())
    if difference[worst] > MAX_DIFFERENCE:
        return f"another frame at {times[worst]:.2f} s than the default backend"
    return None
