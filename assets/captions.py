"""Caption files -> captioned segments, linted."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.findings import check_results, refuse
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.caption_lint import CAPTION_RULES, Captioned, lint_captions, usable
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.lint import Finding

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
    evidence = captions_of(library, dataset, home.get().tables.rows("videos", dataset.name))
    findings = lint_captions(evidence)
    yield from check_results(dataset.name, CAPTION_RULES, findings)
    rows = caption_rows(dataset, evidence, findings)
    metadata = {
        "videos": len({row["video_id"] for row in rows}),
        "sentences": len({row["caption"] for row in rows}),
        "left_out": len(evidence.captions) - len(rows),
    }
    yield publish(context, home.get(), rows, computed=len(rows), metadata=metadata)


def captions_of(
    library: VideoLibrary, dataset: Dataset, videos: Sequence[Mapping[str, Any]]
) -> Captioned:
    """Return what the caption files say, beside the rows of the table `videos`."""
    is_trimmed = dataset.captions is not None and dataset.captions.outside == "trim"
    about = {str(row["video_id"]): row for row in videos}
    return Captioned(library.captions(dataset), about, is_trimmed)


def caption_rows(
    dataset: Dataset, evidence: Captioned, findings: Sequence[Finding]
) -> list[Row]:
    """Return the rows of this table.

    Raises:
        DatasetError: If a finding is an error.
    """
    refuse(f"captions of dataset '{dataset.name}'", findings, logger)
    return [
        {"video_id": c.video_id, "start_s": c.start_s, "end_s": c.end_s, "caption": c.text}
        for c in usable(evidence)
    ]
