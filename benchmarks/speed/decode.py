"""CPU of our reader against decoding everything, and memory of a two-hour file.

The limit is `ffmpeg -threads 1 -f null -`, or, where there is no ffmpeg on the PATH, a loop of
PyAV over the same decoder on one thread that throws each frame away. The reference turns every
frame into RGB, as scripts do that pick theirs afterwards. CPU seconds, children included.

A file is a noisy clip of ten seconds, one group of pictures, encoded once; long files hold its
packets again and again, so that one time of decoding all holds for each of them. The 16 frames
lie half a group behind a key frame, on average.

Usage: python benchmarks/speed/decode.py [--quick] [--json FILE].
"""

import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
import av.filter
from measured import Measured, main

from zs_dagster.video.decoders import Decoders, Sampling
from zs_dagster.video.sampling import uniform_times

SIZES = {"1280x720": (1280, 720), "320x240": (320, 240)}
CLIP_S = 10
LENGTHS, QUICK = {1: 40, 4: 160, 15: 600}, {1: 10, 4: 40, 16: 160}
"""Times the work -> seconds of the file; the quick ones are for 1 frame per second only."""
SHORTER_S = 180
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


def loop(clip: Path, seconds: int) -> Path:
    """Make a file of that length beside a clip, of its packets again and again."""
    path = clip.with_name(f"{clip.stem}-{seconds}.mp4")
    with av.open(str(path), "w") as target:
        stream = None
        for start in range(0, seconds, CLIP_S):
            with av.open(str(clip)) as source:
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.dts is not None:
                        later = round(start / packet.time_base)
                        packet.dts, packet.pts = packet.dts + later, packet.pts + later
                        packet.stream = stream
                        target.mux(packet)
    check_key_frames(path, 25 * seconds)
    return path


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


def cpu_seconds(work: Callable[[], object], rounds: int = 1) -> float:
    """CPU seconds of this process and its children; the least of some runs."""

    def used() -> float:
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)

    found = []
    for _ in range(rounds):
        before = used()
        work()
        found.append(used() - before)
    return min(found)


def one_fps(path: Path, _: float) -> None:
    """Read one frame per second, in a child started for it."""
    with Decoders(1) as pool:
        for _ in pool.sampled_frames(Sampling(path, 1.0)):
            pass


def sixteen(path: Path, duration_s: float) -> None:
    """Read 16 frames of the whole file, in a child started for it."""
    with Decoders(1) as pool:
        for _ in pool.iter_frames(path, uniform_times(duration_s, 16)):
            pass


def first(path: Path, _: float) -> None:
    """Read the first frame, in a child started for it."""
    with Decoders(1) as pool:
        for _frames in pool.iter_frames(path, uniform_times(0.04, 1)):
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


@dataclass(frozen=True)
class Clip:
    """A file of one group of pictures, and what all of one of its seconds takes.

    Attributes:
        limit: CPU seconds of decoding a second of it.
        reference: CPU seconds of turning all frames of a second into RGB.
    """

    path: Path
    title: str
    limit: float
    reference: float

    @classmethod
    def of(cls, folder: Path, title: str, seconds: int) -> "Clip":
        """Write it, and time that many seconds of it."""
        path = write(folder / f"{title}.mp4", SIZES[title], CLIP_S)
        long = loop(path, seconds)
        took = [cpu_seconds(partial(work, long), 2) for work in (decode_all, every_frame)]
        return cls(path, title, took[0] / seconds, took[1] / seconds)

    def seconds(self, work: Callable[[Path, int], None], length: int) -> float:
        """CPU seconds of some work upon a file of that length."""
        path = loop(self.path, length)
        return cpu_seconds(lambda: work(path, length), 2 if length < LENGTHS[1] else 1)

    def row(
        self,
        what: str,
        work: Callable[[Path, int], None],
        lengths: dict[int, int],
        share: float,
    ) -> Measured:
        """Time files of growing length; the longest is compared."""
        took = {times: self.seconds(work, length) for times, length in lengths.items()}
        longest, ours = max(lengths.values()), took[max(lengths)]
        limit = longest * self.limit
        return Measured(
            what=f"{what}, {self.title}, {longest} s",
            unit="CPU s",
            ours=ours,
            reference=longest * self.reference,
            reference_is="every frame to RGB",
            limit=limit,
            limit_is=f"decoding all by {'ffmpeg' if FFMPEG else 'PyAV'} on one thread",
            goal=f"at most {share} times the limit",
            reached=ours <= share * limit,
            growth=took,
            details={"first_frame_in_a_new_child_s": self.seconds(first, CLIP_S)},
        )

    def sixteen(self) -> Measured:
        """Time 16 frames, of a shorter file as well."""
        found = self.row("16 frames", sixteen, LENGTHS, 0.3)
        shorter = self.seconds(sixteen, SHORTER_S) / (SHORTER_S * self.limit)
        return replace(found, details={**found.details, f"share_of_{SHORTER_S}_s": shorter})


def measure(quick: bool) -> list[Measured]:
    """Time both files; a two-hour file only where there is time."""
    with tempfile.TemporaryDirectory() as name:
        folder, rows = Path(name), []
        for title in SIZES:
            clip = Clip.of(folder, title, QUICK[4] if quick else LENGTHS[15])
            lengths = QUICK if quick else LENGTHS
            rows.append(clip.row("1 frame per second", one_fps, lengths, 1.1))
            rows.append(clip.sixteen())
        if not quick:
            found = two_hours(folder)
            what, peak = "peak memory, two hours of 720p at 1 fps", found["peak_mb"]
            rows.append(Measured(what, "MB", peak, details=found))
    return rows


if __name__ == "__main__":
    main("decode", __doc__ or "", measure)
