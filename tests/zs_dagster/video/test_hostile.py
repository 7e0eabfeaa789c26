"""Awkward but whole files, by both backends, in children: the right frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zs_dagster.video.decoders import Decoders
from zs_dagster.video.errors import (
    CorruptFrames,
)
from zs_dagster.video.probe import VideoInfo

Writer = Callable[..., Path]
Numbers = Callable[[Any], list[int]]
Build = Callable[[Path, Writer], Path]
N_FRAMES, RATE = 150, 25
SIZE = (96, 64)
B_FRAMES = {"g": "25", "bf": "2"}
OPEN_GOP = "open-gop=1:keyint=25:min-keyint=25:scenecut=0:bframes=3:b-adapt=0"
HEVC_OPEN = "open-gop=1:keyint=25:min-keyint=25:scenecut=0:bframes=3:log-level=none"
TEN_BITS = {"x265-params": "keyint=25:log-level=none"}


def plain(suffix: str, **options: Any) -> Build:  # noqa: ANN401
    """Write numbered frames with given options."""
    settings = {"size": SIZE, "options": B_FRAMES, **options}
    return lambda folder, video: video(
        folder / f"a.{suffix}", range(N_FRAMES), rate=RATE, **settings
    )


def remuxed(
    suffix: str, keep: Callable[[int], bool], options: dict[str, str] | None = None
) -> Build:
    """Copy the packets that are kept, in stored order, into another container."""

    def build(folder: Path, video: Writer) -> Path:
        import av

        source = plain("mkv")(folder, video)
        target = folder / f"copy.{suffix}"
        with (
            av.open(str(source)) as old,
            av.open(str(target), "w", options=options or {}) as new,
        ):
            stream = new.add_stream_from_template(old.streams.video[0])
            number = -1
            for packet in old.demux(old.streams.video[0]):
                number += packet.size > 0
                if packet.size and keep(number):
                    packet.stream = stream
                    new.mux(packet)
        return target

    return build


def with_gap(folder: Path, video: Writer) -> Path:
    pts = [*range(75), *range(325, 400)]
    return video(folder / "gap.mkv", pts, rate=RATE, size=SIZE, options=B_FRAMES)


def with_garbage(folder: Path, video: Writer) -> Path:
    path = plain("mp4")(folder, video)
    path.write_bytes(path.read_bytes() + b"garbage" * 99)
    return path


def two_streams(folder: Path, video: Writer) -> Path:
    """Join a small picture, first in the file, and the large one that is to be read."""
    import av

    large = video(
        folder / "l.mkv", range(N_FRAMES), rate=RATE, size=(192, 128), options=B_FRAMES
    )
    small = video(folder / "s.mkv", range(3), rate=RATE, size=SIZE)
    target = folder / "two.mkv"
    with av.open(str(small)) as a, av.open(str(large)) as b, av.open(str(target), "w") as new:
        pairs = [(old, new.add_stream_from_template(old.streams.video[0])) for old in (a, b)]
        for old, stream in pairs:
            for packet in old.demux(old.streams.video[0]):
                if packet.size:
                    packet.stream = stream
                    new.mux(packet)
    return target


LIVE = {"live": "1"}
RIGHT: dict[str, Build] = {
    "mp4": plain("mp4"),
    "mp4 moov first": plain("mp4", container_options={"movflags": "faststart"}),
    "mp4 fragmented": plain("mp4", container_options={"movflags": "frag_keyframe+empty_moov"}),
    "mkv": plain("mkv"),
    "mkv without index": plain("mkv", container_options=LIVE),
    "long GOP": plain("mp4", options={"g": "600"}),
    "open GOP mp4": plain("mp4", options={"x264-params": OPEN_GOP}),
    "open GOP mkv": plain("mkv", options={"x264-params": OPEN_GOP}),
    "open GOP hevc": plain("mkv", codec="libx265", options={"x265-params": HEVC_OPEN}),
    "10 bit hevc": plain("mp4", codec="libx265", pix_fmt="yuv420p10le", options=TEN_BITS),
    "intra refresh": plain(
        "mp4", options={"x264-params": "intra-refresh=1:keyint=25:bframes=0"}
    ),
    "interlaced ts": plain("ts", options={"x264-params": "tff=1:keyint=25"}),
    "ts": plain("ts"),
    "program stream": plain("mpg", codec="mpeg2video"),
    "avi mpeg4": plain("avi", codec="mpeg4"),
    "avi h264": plain("avi"),
    "avi mjpeg": plain("avi", codec="mjpeg", pix_fmt="yuvj420p", options={}),
    "wmv": plain("wmv", codec="wmv2", options={"g": "25"}),
    "flv": plain("flv"),
    "prores": plain("mov", codec="prores_ks", pix_fmt="yuv422p10le", options={}),
    "vp8": plain("webm", codec="libvpx", options={"g": "25", "auto-alt-ref": "0"}),
    "vp8 alt-ref": plain(
        "webm", codec="libvpx", options={"g": "50", "auto-alt-ref": "1", "lag-in-frames": "16"}
    ),
    "vp9 alt-ref": plain(
        "webm", codec="libvpx-vp9", options={"g": "25", "lag-in-frames": "16"}
    ),
    "webm without duration": plain(
        "webm", codec="libvpx", options={"g": "25"}, container_options=LIVE
    ),
    "gap": with_gap,
    "two streams": two_streams,
    "trailing garbage": with_garbage,
}


def asked(info: VideoInfo) -> Any:  # noqa: ANN401
    """16 uniform times, then 24 at random, not in order."""
    uniform = (np.arange(16) + 0.5) * info.duration_s / 16
    draw = np.random.default_rng(1).uniform(0, info.duration_s, 24)
    return np.concatenate([uniform, draw])


@pytest.mark.parametrize("backend", ["pyav", "decord"])
@pytest.mark.parametrize("name", RIGHT)
def test_the_frames_shown_are_returned(
    name: str,
    backend: str,
    pool: dict[str, Decoders],
    built: Callable[[str, Build], Path],
    numbers: Numbers,
) -> None:
    path = built(name, RIGHT[name])
    info = pool[backend].probe(path)
    assert info.n_frames == N_FRAMES, info.backend_reason
    times = asked(info)
    stream = pool[backend].iter_frames(path, times, index=info.index, backend=info.backend)
    found = [number for frames in stream for number in numbers(frames.rgb)]
    starts = info.index.seconds(info.index.pts)
    # Containers round to milliseconds at worst.
    expected = np.searchsorted(starts, times + 1e-9, side="right") - 1
    assert found == expected.tolist(), f"{info.backend}: {info.backend_reason}"


@pytest.mark.parametrize("name", ["lost packets", "no first key frame"])
@pytest.mark.parametrize("backend", ["pyav", "decord"])
def test_lost_packets_never_give_another_frame(
    name: str,
    backend: str,
    pool: dict[str, Decoders],
    tmp_path: Path,
    video: Writer,
    numbers: Numbers,
) -> None:
    lost = range(60, 70) if name == "lost packets" else range(3)
    path = remuxed("mkv", lambda number: number not in lost)(tmp_path, video)
    try:
        info = pool[backend].probe(path)
        stream = pool[backend].iter_frames(
            path, asked(info), index=info.index, backend=info.backend
        )
        found = [(t, n) for f in stream for t, n in zip(f.time_s, numbers(f.rgb), strict=True)]
    except CorruptFrames:
        return  # Telling that something is lost is right, too.
    first_s = info.start_pts * info.time_base[0] / info.time_base[1]
    assert [n for _, n in found] == [round((t + first_s) * RATE) for t, _ in found]


def test_what_decord_may_read_is_what_it_reads_rightly(
    pool: dict[str, Decoders], built: Callable[[str, Build], Path]
) -> None:
    chosen = {
        name: pool["decord"].probe(built(name, build)).backend for name, build in RIGHT.items()
    }
    always_refused = {"open GOP hevc", "ts", "interlaced ts"}
    always_refused |= {"program stream", "avi mpeg4", "avi h264", "wmv", "two streams"}
    assert {name for name in always_refused if chosen[name] != "pyav"} == set()
    assert {chosen[name] for name in ("mp4", "mkv", "long GOP", "vp8")} == {"decord"}
