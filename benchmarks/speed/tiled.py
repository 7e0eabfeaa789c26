"""A home of many videos made from one of few: the same tables over and over, videos renamed.

What reads tables alone, such as evaluation, needs no more: the chain before it is not run.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zs_dagster.tables import Tables

# Of these a part per video.
IN_PARTS = frozenset({"frame_confidence"})


def tile(few: Path, many: Path, dataset: str, times: int) -> None:
    """Write a home with so many times the videos of another one; only its tables are read.

    Scores move a little, so that no two segments are equal.
    """
    read, written = Tables(few / "tables"), Tables(many / "tables")
    shutil.copytree(few / "dagster", many / "dagster")
    shutil.copytree(few / "datasets", many / "datasets")
    for table in sorted(path.name for path in read.root.iterdir()):
        (written.root / table / dataset).mkdir(parents=True)
        for part in read.parts(table, dataset):
            if table in IN_PARTS:
                _link(read.path(table, dataset, part), written.root / table / dataset, times)
            else:
                rows = read.rows(table, dataset, part)
                written.write(table, dataset, _tiled(rows, times), part)


def _link(part: Path, folder: Path, times: int) -> None:
    for copy in range(times):
        os.link(part, folder / f"{part.stem}-{copy}.parquet")


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
