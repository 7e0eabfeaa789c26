"""Annotation file -> ground truth, linted."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.annotations.records import Annotation, Annotations
from zs_dagster.datasets.lint import RULES, Finding, lint
from zs_dagster.datasets.splits import load_splits
from zs_dagster.errors import DatasetError

logger = logging.getLogger("zs_dagster.annotations")
VERSION = "2"
MAX_LISTED = 100
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
    findings = {f.rule: f for f in lint(dataset, videos, truth, load_splits(dataset))}
    for rule in RULES:
        yield _checked(dataset.name, rule, findings.get(rule))
    _refuse(dataset.name, list(findings.values()))
    rows = instances(truth, {v["video_id"] for v in videos if v["status"] != "excluded"})
    metadata = {
        "videos": len({row["video_id"] for row in rows}),
        "classes": len({row["label"] for row in rows}),
        "left_out": len(truth.rows) - len(rows),
    }
    yield publish(context, home.get(), rows, computed=len(rows), metadata=metadata)


def _checked(dataset: str, rule: str, finding: Finding | None) -> dg.AssetCheckResult:
    name = rule.replace("-", "_")
    if finding is None:
        return dg.AssetCheckResult(check_name=name, passed=True, description=dataset)
    is_error = finding.severity == "error"
    # What is only worth knowing passes, with the facts beside it.
    return dg.AssetCheckResult(
        check_name=name,
        passed=finding.severity == "info",
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=f"{dataset}: {finding.sentence()}",
        metadata={"count": finding.count, "examples": list(finding.examples[:MAX_LISTED])},
    )


def _refuse(dataset: str, findings: Sequence[Finding]) -> None:
    """Stop at errors, before a number is computed from them; show warnings."""
    for finding in findings:
        if finding.severity == "warning" and finding.rule != "unreadable-video":
            logger.warning("%s", finding.sentence())
    errors = [finding.sentence() for finding in findings if finding.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more rules)" if len(errors) > 1 else ""
        raise DatasetError(f"annotations of dataset '{dataset}': {errors[0]}{more}")


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
