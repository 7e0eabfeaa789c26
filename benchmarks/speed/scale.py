"""Many videos through the real graph: what our code takes per video, and its memory.

Each stage runs in a process of its own, at two sizes; of a quick run only the first two. Files,
decoders, store, tables and graph are real; the models answer at once. CPU time is that of the
process with our code, without its decoding children.

Usage: python benchmarks/speed/scale.py [--quick] [--json FILE].
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fake_dataset
from measured import Measured, main
from stage_run import STAGES, run_apart

SIZES, QUICK = (1_000, 10_000), (20, 80)
QUICK_STAGES = STAGES[:2]
Found = dict[str, dict[str, Any]]


def measure(is_quick: bool) -> Sequence[Measured]:
    """Measure every stage at both sizes."""
    small, large = QUICK if is_quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        stages = QUICK_STAGES if is_quick else STAGES
        at = {size: _run(Path(folder) / str(size), size, stages) for size in (small, large)}
        return [*_rows(at[small], at[large], small, large), _files(Path(folder), large)]


def _run(home: Path, videos: int, stages: Sequence[str]) -> Found:
    fake_dataset.write_dataset(home, videos)
    return {stage: run_apart(home, stage) for stage in stages}


def _rows(few: Found, many: Found, small: int, large: int) -> Iterator[Measured]:
    for stage, found in many.items():
        before = few[stage]
        yield Measured(
            f"{stage}, {large} videos",
            "CPU ms per video",
            ours=1000 * found["cpu_s"] / large,
            goal="<= 10 ms; peak memory at most 1.2 times that of the smaller size",
            growth={1: before["cpu_s"], large // small: found["cpu_s"]},
            details={
                "wall_ms_per_video": 1000 * found["wall_s"] / large,
                "decoding_cpu_ms_per_video": 1000 * found["children_cpu_s"] / large,
                "peak_rss_mb": [before["peak_rss_mb"], found["peak_rss_mb"]],
                "times_the_memory": found["peak_rss_mb"] / before["peak_rss_mb"],
            },
        )


def _files(folder: Path, videos: int) -> Measured:
    home = folder / str(videos)
    kinds = ("store", "tables", "dagster", "reports", "results.duckdb")
    sizes = {kind: _megabytes(home / kind) for kind in kinds}
    files = sum(
        path.is_file() for kind in ("store", "tables") for path in (home / kind).rglob("*")
    )
    return Measured(
        f"files of store and tables, {videos} videos",
        "files per video",
        files / videos,
        details={"megabytes": sizes},
    )


def _megabytes(path: Path) -> float:
    paths = path.rglob("*") if path.is_dir() else [path]
    return round(sum(one.stat().st_size for one in paths if one.is_file()) / 1e6, 1)


if __name__ == "__main__":
    main("scale", __doc__, measure)
