"""The machine-readable summary of a run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zs_dagster.cli.graph import Outcome
from zs_dagster.files import write_text
from zs_dagster.home import Home

FIELDS = ("dataset", "method", "protocol", "split", "metric", "value", "low", "high")


def metric_rows(home: Home, dataset: str, run_id: str) -> list[dict[str, Any]]:
    """Return the metrics of a run; none where the dataset has no ground truth."""
    return [
        r for r in home.tables.rows("localization_metrics", dataset) if r["run_id"] == run_id
    ]


def write_summary(
    path: Path,
    outcome: Outcome,
    rows: Sequence[dict[str, Any]],
    segments: Sequence[dict[str, Any]] | None = None,
) -> None:
    """Write the summary of a run as JSON, with the segments where people asked for those."""
    document: dict[str, Any] = {
        "metrics": [{name: row[name] for name in FIELDS} for row in rows],
        "stages": outcome.stages,
        "peak_rss_mb": round(outcome.peak_rss_mb, 1),
        "seconds": round(outcome.seconds, 2),
        "run_id": outcome.run_id,
    }
    if segments is not None:
        document["segments"] = list(segments)
    write_text(path, json.dumps(document, indent=1) + "\n")
