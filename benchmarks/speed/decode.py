"""CPU of our reader against decoding everything, and memory of a two-hour file.

The limit is `ffmpeg -threads 1 -f null -`, or, where there is no ffmpeg on the PATH, a loop of
PyAV over the same decoder on one thread that throws each frame away. The reference turns every
frame into RGB, as scripts do that pick theirs afterwards. CPU seconds, children included.

Usage: python benchmarks/speed/decode.py [--quick] [--json FILE].
"""

import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import av.filter
from measured import Measured, main

from zs_dagster.video.decoders import Decoders, Sampling
from zs_dagster.video.sampling import uniform_times

FILES = {"1280x720": ((1280, 720), 180), "320x240": ((320, 240), 600)}
QUICK = 6
"""Part of the length of a file, one over this, that has to do."""
REPEATS = 2
FFMPEG = shutil.which("ffmpeg")


def write(
    path: Path, size: tuple[int, int], seconds: int, rate: int = 25, *, is_noisy: bool = True
) -> Path:
    """Make an H.264 file with a key frame every 250 frames, moving and a little noisy."""
    width, height = size
    drawn = av.filter.Graph()
    source = f"size={width}x{height}:rate={rate}:duration={seconds}"
    steps = [
        drawn.add("testsrc2", source),
        *([drawn.add("noise", "alls=8:allf=t")] if is_noisy else []),
        drawn.add("format", "yuv420p"),
        drawn.add("buffersink"),
    ]
    drawn.link_nodes(*steps).configure()
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "g": "250", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        with suppress(av.error.EOFError):
            while True:
                frame = drawn.pull()
                frame.pict_type = 0  # Drawn frames call themselves key frames, and would be.
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    check_key_frames(path, rate * seconds)
    return path


def check_key_frames(path: Path, num_frames: int) -> None:
    """Refuse a file that is easier to read than it is said to be."""
    with av.open(str(path)) as container:
        found = sum(packet.is_keyframe for packet in container.demux(video=0))
    if found > num_frames / 250 + 1:
        raise SystemExit(f"a key frame every 250 frames was asked for, got {found}")


def decode_all(path: Path) -> None:
    """Decode everything and throw it away: the floor of whoever needs every frame."""
    if FFMPEG:
        command = [FFMPEG, "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for _ in container.decode(video=0):
            pass


def every_frame(path: Path) -> None:
    """Turn every frame into an RGB array, as the reference does."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process and its children; the least of a few runs."""

    def used() -> float:
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)

    found = []
    for _ in range(REPEATS):
        before = used()
        work()
        found.append(used() - before)
    return min(found)


def one_fps(path: Path) -> None:
    """Read one frame per second, in a child started for it."""
    with Decoders(1) as pool:
        for _ in pool.sampled_frames(Sampling(path, 1.0)):
            pass


def sixteen(path: Path, duration_s: float) -> None:
    """Read 16 frames of the whole file, in a child started for it."""
    with Decoders(1) as pool:
        for _ in pool.iter_frames(path, uniform_times(duration_s, 16)):
            pass


def two_hours(folder: Path) -> dict[str, float]:
    """Peak memory of parent and child over a two-hour 720p file, in a process of its own."""
    path = write(folder / "long.mp4", (1280, 720), 7200, rate=2, is_noisy=False)
    script = (
        "import sys, resource; from pathlib import Path\n"
        "from zs_dagster.video.decoders import Decoders, Sampling\n"
        "with Decoders(1) as pool:\n"
        "    n = sum(len(f) for f in pool.sampled_frames(Sampling(Path(sys.argv[1]), 1.0)))\n"
        "kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)\n"
        "print(n, *(resource.getrusage(k).ru_maxrss / 1024 for k in kinds))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    )
    frames, parent, child = map(float, done.stdout.split())
    return {"frames": frames, "parent_mb": parent, "child_mb": child, "peak_mb": parent + child}


def measure(quick: bool) -> list[Measured]:
    """Time both files; a two-hour file only where there is time."""
    with tempfile.TemporaryDirectory() as name:
        rows = [
            row
            for title, (size, longest) in FILES.items()
            for seconds in [longest // QUICK if quick else longest]
            for row in of_file(
                f"{title}, {seconds} s", write(Path(name) / "a.mp4", size, seconds), seconds
            )
        ]
        if not quick:
            found = two_hours(Path(name))
            what, peak = "peak memory, two hours of 720p at 1 fps", found["peak_mb"]
            rows.append(Measured(what, "MB", peak, details=found))
        else:  # The goals are about the whole files: starting a child weighs little there.
            rows = [replace(row, reached=None) for row in rows]
    return rows


def of_file(title: str, path: Path, seconds: int) -> list[Measured]:
    """Time the two ways of reading one file."""
    limit, reference = (
        cpu_seconds(lambda: decode_all(path)),
        cpu_seconds(lambda: every_frame(path)),
    )
    one, few = cpu_seconds(lambda: one_fps(path)), cpu_seconds(lambda: sixteen(path, seconds))
    limit_is = f"decoding all by {'ffmpeg' if FFMPEG else 'PyAV'} on one thread"
    start = cpu_seconds(lambda: sixteen(path, 0.04))
    return [
        Measured(
            what=f"{what}, {title}",
            unit="CPU s",
            ours=ours,
            reference=reference,
            reference_is="every frame to RGB",
            limit=limit,
            limit_is=limit_is,
            goal=f"at most {share} times the limit, of the long file",
            reached=ours <= share * limit,
            details={"first_frame_in_a_new_child_s": start},
        )
        for what, ours, share in (("1 frame per second", one, 1.1), ("16 frames", few, 0.3))
    ]


if __name__ == "__main__":
    main("decode", __doc__ or "", measure)
