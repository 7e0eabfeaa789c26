"""Annotation file -> ground truth, linted."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.findings import check_results, refuse
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.annotations.records import Annotation, Annotations
from zs_dagster.datasets.lint import RULES, lint
from zs_dagster.datasets.splits import load_splits

logger = logging.getLogger("zs_dagster.annotations")
VERSION = "2"
Row = dict[str, Any]


@stage(
    "ingest",
    deps=["videos", "annotation_files"],
    version=VERSION,
    kinds=["json"],
    checks={name.replace("-", "_"): rule.holds for name, rule in RULES.items()},
)
def annotations(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """One row per instance; no rows where the dataset has no ground truth."""
    dataset = library.dataset(context.partition_key)
    videos = home.get().tables.rows("videos", dataset.name)
    truth = library.annotations(dataset, [video["video_id"] for video in videos])
    findings = lint(dataset, videos, truth, load_splits(dataset))
    yield from check_results(dataset.name, RULES, findings)
    refuse(f"annotations of dataset '{dataset.name}'", findings, logger)
    rows = instances(truth, {v["video_id"] for v in videos if v["status"] != "excluded"})
    metadata = {
        "videos": len({row["video_id"] for row in rows}),
        "classes": len({row["label"] for row in rows}),
        "left_out": len(truth.rows) - len(rows),
    }
    yield publish(context, home.get(), rows, computed=len(rows), metadata=metadata)


def instances(truth: Annotations, videos: set[str]) -> list[Row]:
    """Return the rows of this dataset's videos, unreadable ones included.

    An annotation file often covers more than the folder. What is not there cannot be found,
    and counting it as missed would lower every number in silence.
    """
    return [
        _row(row._asdict()) for row in truth.rows if row.video_id in videos and _is_span(row)
    ]


def _is_span(row: Annotation) -> bool:
    """Say whether an instance has a length, or is the whole video."""
    if row.start_s is None or row.end_s is None:
        return True
    return 0 <= row.start_s < row.end_s


def _row(said: Mapping[str, Any]) -> Row:
    return {**said, "subsets": " ".join(said["subsets"])}
