"""CPU of our reader against `ffmpeg -threads 1 -f null -`, and memory of a two-hour file.

Usage: python benchmarks/speed/decode.py [--json FILE]. Needs ffmpeg on the PATH. Ratios of CPU
seconds (user + system, children included) in one run; other work on the machine moves both.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from zs_dagster.video.decoders import Decoders, Sampling
from zs_dagster.video.sampling import uniform_times

FILES = {"720p 180 s": ("1280x720", 180), "320x240 600 s": ("320x240", 600)}
REPEATS = 3


NOISE = ",noise=alls=8:allf=t"


def write(path: Path, size: str, seconds: int, rate: int = 25, noise: str = NOISE) -> Path:
    """Make an H.264 file with a key frame every 250 frames, moving and a little noisy."""
    source = f"testsrc2=size={size}:rate={rate}:duration={seconds}{noise}"
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-c:v",
            "libx264",
            "-g",
            "250",
            "-preset",
            "veryfast",
            "-pix_fmt",
            "yuv420p",
            "-y",
            str(path),
        ],
        check=True,
    )
    return path


def ffmpeg(path: Path) -> None:
    """Decode everything and throw it away: the floor of whoever needs every frame."""
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


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
    path = write(folder / "long.mp4", "1280x720", 7200, rate=2, noise="")
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg must be on the PATH")
    result: dict[str, object] = {"name": "decode", "cpus": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        for title, (size, seconds) in FILES.items():
            path = write(Path(name) / "a.mp4", size, seconds)
            limit = cpu_seconds(lambda path=path: ffmpeg(path))
            ours = cpu_seconds(lambda path=path: one_fps(path))
            few = cpu_seconds(lambda path=path, seconds=seconds: sixteen(path, seconds))
            result[title] = {
                "limit_cpu_s": round(limit, 2),
                "one_fps_cpu_s": round(ours, 2),
                "one_fps_ratio_to_limit": round(ours / limit, 2),
                "sixteen_ratio_to_limit": round(few / limit, 2),
            }
        result["two hours 720p at 1 fps"] = two_hours(Path(name))
    print(json.dumps(result, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
