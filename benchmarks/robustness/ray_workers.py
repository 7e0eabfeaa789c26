"""Throughput of two Ray workers over one, where a stage only waits.

Work that sleeps for each frame stands for a model on a GPU of its own, so that the cores of the
machine matter little: what is measured is how well videos are handed out.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from resources.compute import ComputeResource
from resources.ray_workers import connected
from zs_dagster.home import Home
from zs_dagster.video.decoders import Decoders

FRAMES = (20, 60, 100, 140)  # Of the videos, in turn.


@dataclass(frozen=True)
class Video:
    """So many frames."""

    name: int
    frames: int


def sleep(
    videos: Sequence[Video], _: Decoders, seconds_per_frame: float
) -> list[dict[str, Any]]:
    """Wait as long as a model would take."""
    outcomes = []
    for video in videos:
        started = time.time()
        time.sleep(video.frames * seconds_per_frame)
        outcomes.append({"video_id": video.name, "started": started, "ended": time.time()})
    return outcomes


def measure(workers: int, videos: Sequence[Video], seconds: float) -> dict[str, Any]:
    """Return wall time, with the start of workers and without: first frame to last."""
    compute = ComputeResource(kind="ray", workers=workers)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        work = partial(sleep, seconds_per_frame=seconds)
        outcomes = compute.run("sleep", videos, work, Decoders, Home(Path(folder)))
    assert sorted(one["video_id"] for one in outcomes) == list(range(len(videos)))  # noqa: S101
    first, last = (f(o[k] for o in outcomes) for f, k in ((min, "started"), (max, "ended")))
    return {"wall_s": time.monotonic() - started, "working_s": last - first}


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=96)
    parser.add_argument("--seconds-per-frame", type=float, default=0.01)
    said = parser.parse_args()
    videos = [Video(name, FRAMES[name % len(FRAMES)]) for name in range(said.videos)]
    connected(cpus=2)
    one, two = (measure(n, videos, said.seconds_per_frame) for n in (1, 2))
    print(
        json.dumps(
            {
                "name": "ray_workers",
                "one": one,
                "two": two,
                "ratio_of_wall": one["wall_s"] / two["wall_s"],
                "ratio_of_working": one["working_s"] / two["working_s"],
                "asked_of_wall": 1.6,
            }
        )
    )


if __name__ == "__main__":
    main()
