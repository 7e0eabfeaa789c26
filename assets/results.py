"""All tables of all datasets -> the published DuckDB file."""

import dagster as dg

from assets.automation.conditions import keep_fresh
from assets.faults import contained
from resources.home import HomeResource
from zs_dagster.results_database import ResultsDatabase

PUBLISHED = [
    "videos",
    "annotations",
    "class_queries",
    "frame_features",
    "class_embeddings",
    "candidate_classes",
    "frame_confidence",
    "segments",
    "localization_metrics",
    "captions",
    "sentence_embeddings",
    "cezsar_model",
    "ablations",
    "loss_waterfall",
    "error_types",
    "protocol_metrics",
    "clip_predictions",
    "zar_predictions",
    "cezsar_predictions",
    "semantic_gap",
    "classification_metrics",
]


@dg.asset(
    group_name="results",
    deps=PUBLISHED,
    kinds={"duckdb"},
    code_version="2",
    automation_condition=keep_fresh(),
)
@contained
def results(
    context: dg.AssetExecutionContext,  # noqa: ARG001 - for what is done about failures
    home: HomeResource,
) -> dg.MaterializeResult:
    """One DuckDB file with every table of every dataset, replaced as a whole.

    Query it with `zs-dagster sql`, DuckDB or any tool that speaks it.
    """
    where = home.get()
    counts = ResultsDatabase(where.results).publish(where.tables.root)
    return dg.MaterializeResult(
        metadata={
            "file": dg.MetadataValue.path(str(where.results)),
            "computed": 1,
            "reused": 0,
            **{f"rows/{table}": count for table, count in counts.items()},
        }
    )
