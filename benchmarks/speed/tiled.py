"""A home of many videos made from one of few: the same tables over and over, videos renamed.

What reads tables, features and answers but no file needs no more: evaluation, localization and
the report can be measured without the chain before them. The store is that of the few.

Usage: python benchmarks/speed/tiled.py FEW MANY TIMES; then `stage_run.py MANY STAGE`.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_dataset
import numpy as np

from zs_dagster.tables import Tables, part_name

# Of these a part per video.
IN_PARTS = frozenset({"frame_confidence"})
COPIED, SHARED = ("dagster", "datasets"), ("store",)


def tile(few: Path, many: Path, dataset: str, times: int) -> None:
    """Write a home with so many times the videos of another one.

    Scores move a little, so that no two segments are equal.
    """
    read, written = Tables(few / "tables"), Tables(many / "tables")
    for folder in COPIED:
        shutil.copytree(few / folder, many / folder)
    for folder in SHARED:
        (many / folder).symlink_to((few / folder).absolute())
    for table in sorted(path.name for path in read.root.iterdir()):
        (written.root / table / dataset).mkdir(parents=True)
        for part in read.parts(table, dataset):
            rows = read.rows(table, dataset, part)
            if table in IN_PARTS:
                source = read.path(table, dataset, part)
                _link(source, written, (table, dataset), _renamed(rows[0]["video_id"], times))
            else:
                written.write(table, dataset, _tiled(rows, times), part)


def _renamed(video: str, times: int) -> Iterator[str]:
    for copy in range(times):
        yield f"{video}-{copy:04}"


def _link(source: Path, written: Tables, where: tuple[str, str], videos: Iterator[str]) -> None:
    """Name a part anew for each video; who reads it goes by the name."""
    for video in videos:
        os.link(source, written.path(*where, part_name(video, source.stem)))


def _tiled(rows: list[dict[str, Any]], times: int) -> Iterator[dict[str, Any]]:
    draw = np.random.default_rng(0)
    for row in rows:
        row.pop("dataset")
    for copy in range(times):
        for row in rows:
            if "video_id" not in row:
                if copy == 0:
                    yield row
                continue
            moved = {"video_id": f"{row['video_id']}-{copy:04}"}
            if "score" in row:
                moved["score"] = row["score"] * (1 - 1e-6 * draw.random())
            yield row | moved


if __name__ == "__main__":
    _few, _many, _times = sys.argv[1:]
    tile(Path(_few), Path(_many), fake_dataset.NAME, int(_times))
