"""Caption files -> captioned segments, linted."""

import logging
from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.findings import check_results, refuse
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.caption_lint import CAPTION_RULES, Captioned, lint_captions, usable

logger = logging.getLogger("zs_dagster.captions")
Row = dict[str, Any]


@stage(
    "ingest",
    deps=["videos", "caption_files"],
    kinds=["json"],
    checks={name.replace("-", "_"): rule.holds for name, rule in CAPTION_RULES.items()},
)
def captions(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """One row per captioned segment of a video that can be read."""
    dataset = library.captioned(context.partition_key)
    videos = {row["video_id"]: row for row in home.get().tables.rows("videos", dataset.name)}
    is_trimmed = dataset.captions is not None and dataset.captions.outside == "trim"
    evidence = Captioned(library.captions(dataset), videos, is_trimmed)
    findings = lint_captions(evidence)
    yield from check_results(dataset.name, CAPTION_RULES, findings)
    refuse(f"captions of dataset '{dataset.name}'", findings, logger)
    rows: list[Row] = [
        {"video_id": c.video_id, "start_s": c.start_s, "end_s": c.end_s, "caption": c.text}
        for c in usable(evidence)
    ]
    metadata = {
        "videos": len({row["video_id"] for row in rows}),
        "sentences": len({row["caption"] for row in rows}),
        "left_out": len(evidence.captions) - len(rows),
    }
    yield publish(context, home.get(), rows, computed=len(rows), metadata=metadata)
