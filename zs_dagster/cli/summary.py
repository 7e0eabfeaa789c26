"""The machine-readable summary of a run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zs_dagster.cli.graph import Outcome
from zs_dagster.datasets.description import Dataset
from zs_dagster.files import write_text
from zs_dagster.home import Home

FIELDS = ("dataset", "method", "protocol", "split", "metric", "value", "low", "high")
METRICS = {
    "localization": "localization_metrics",
    "classification": "classification_metrics",
    "captions": "cezsar_metrics",
}
Row = dict[str, Any]


def metric_rows(home: Home, dataset: Dataset, run_id: str) -> list[Row]:
    """Return the metrics of a run; none where the dataset has no ground truth."""
    rows = home.tables.rows(METRICS[dataset.task], dataset.name)
    # Classification has one protocol, which its table does not repeat in every row.
    return [{"protocol": dataset.task, **row} for row in rows if row["run_id"] == run_id]


def write_summary(
    path: Path, outcome: Outcome, rows: Sequence[Row], **found: Sequence[Row]
) -> None:
    """Write the summary of a run as JSON, with what was found where people asked for that."""
    document: dict[str, Any] = {
        "metrics": [{name: row[name] for name in FIELDS} for row in rows],
        "stages": outcome.stages,
        "peak_rss_mb": round(outcome.peak_rss_mb, 1),
        "seconds": round(outcome.seconds, 2),
        "run_id": outcome.run_id,
        **{name: list(rows) for name, rows in found.items()},
    }
    write_text(path, json.dumps(document, indent=1) + "\n")
