"""The asset graph as Dagster sees it."""

import re
from pathlib import Path

import dagster as dg
import pytest

from assets import class_scores, classified
from zs_dagster.datasets.catalogue import SHIPPED
from zs_dagster.definitions import defs
from zs_dagster.schemas import SCHEMAS, columns

SCORES = {
    "videos",
    "frame_features",
    "class_embeddings",
    "candidate_classes",
    "frame_confidence",
}
METRICS = {"segments", "annotations", "candidate_classes", "class_queries"}
PREDICTIONS = {"videos", "annotations", "clip_predictions", "zar_predictions"}
SHARED = {
    "videos",
    "annotations",
    "class_queries",
    "frame_features",
    "class_embeddings",
    "results",
}
GRAPH = {
    "videos": ("ingest", set()),
    "annotations": ("ingest", {"videos"}),
    "class_queries": ("language", set()),
    "frame_features": ("vision", {"videos"}),
    "class_embeddings": ("vision", {"class_queries"}),
    "candidate_classes": (
        "localization",
        {"frame_features", "class_embeddings", "annotations"},
    ),
    "frame_confidence": (
        "localization",
        {"videos", "class_queries", "frame_features", "candidate_classes"},
    ),
    "segments": ("localization", SCORES),
    "localization_metrics": ("localization", METRICS),
    "protocol_metrics": ("localization", {"segments", "annotations"}),
    "clip_predictions": (
        "classification",
        {"videos", "frame_features", "class_queries", "class_embeddings", "annotations"},
    ),
    "zar_predictions": ("classification", {"videos", "frame_features", "annotations"}),
    "classification_metrics": ("classification", PREDICTIONS),
    "classification_report": (
        "results",
        PREDICTIONS | {"frame_features", "classification_metrics"},
    ),
    "results": (
        "results",
        SCORES
        | METRICS
        | PREDICTIONS
        | {"localization_metrics", "protocol_metrics", "classification_metrics"},
    ),
    "report": (
        "results",
        SCORES | {"annotations", "segments", "localization_metrics", "protocol_metrics"},
    ),
}
MODEL_ASSETS = {"frame_features", "class_embeddings", "frame_confidence", "zar_predictions"}
# Written by another asset beside its own table.
WRITER = {
    "methods": "segments",
    "metrics_history": "localization_metrics",
    "class_metrics": "localization_metrics",
    "method_comparisons": "protocol_metrics",
    "classification_history": "classification_metrics",
    "class_accuracy": "classification_metrics",
    "clip_classifiers": "clip_predictions",
    "zar_classifiers": "zar_predictions",
}
PLAIN = {
    "candidate_classes",
    "segments",
    "localization_metrics",
    "protocol_metrics",
    "classification_metrics",
}
READS = re.compile(r'(?:\b(?:rows|part_of|parts)|\.read|load_arrays)\(\s*"(\w+)"')
ASSETS = Path(__file__).parents[2] / "assets"

SHIPPED_NAMES = [path.stem for path in SHIPPED.glob("*.yaml")]


def tables_read(module: str) -> set[str]:
    """Return the assets whose tables or entries the source of a module reads by name."""
    source = (ASSETS / f"{module}.py").read_text(encoding="utf-8")
    named = {WRITER.get(table, table) for table in READS.findall(source)}
    if "import SCORES" in source:
        named |= tables_read("class_scores")
    if "assets.classified import" in source:
        named |= tables_read("classified")
    return named - {module}


def nodes() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_assets_groups_and_dependencies_are_those_of_the_design() -> None:
    found = {
        key: (spec.group_name, {dep.asset_key.to_user_string() for dep in spec.deps})
        for key, spec in nodes().items()
    }
    assert found == GRAPH


def test_every_asset_but_the_database_has_one_partition_per_dataset() -> None:
    partitions = {key: spec.partitions_def for key, spec in nodes().items()}
    assert partitions.pop("results") is None
    assert len({id(each) for each in partitions.values()}) == 1
    shared = partitions["videos"]
    assert shared is not None
    assert shared.get_partition_keys() == sorted([*SHIPPED_NAMES, "tiny"])


def test_each_task_has_a_job_and_both_cover_all_assets() -> None:
    jobs = {
        job.name: {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    assert set(jobs) == {"localize", "classify"}
    assert jobs["localize"] & jobs["classify"] == SHARED
    assert jobs["localize"] | jobs["classify"] == set(GRAPH)
    assert {"localization_metrics", "report"} < jobs["localize"]
    assert {"classification_metrics", "classification_report"} < jobs["classify"]


def test_models_run_one_at_a_time() -> None:
    graph = defs.resolve_asset_graph()
    pools = {
        key.to_user_string(): node.pools
        for key in graph.get_all_asset_keys()
        if (node := graph.get(key)).pools
    }
    assert pools == {asset: {"gpu"} for asset in MODEL_ASSETS}


def test_every_table_is_written_by_an_asset_that_describes_its_columns() -> None:
    specs = nodes()
    assert set(SCHEMAS) - set(specs) == set(WRITER)
    for table in set(SCHEMAS) - set(WRITER):
        schema = specs[table].metadata["dagster/column_schema"]
        found = [(column.name, column.type, column.description) for column in schema.columns]
        assert found == columns(table)


def test_every_asset_says_what_it_is() -> None:
    for key, spec in nodes().items():
        assert spec.description, key
        assert spec.code_version, key
        assert spec.kinds or key in PLAIN, key


@pytest.mark.parametrize("asset", GRAPH)
def test_every_table_an_asset_reads_is_among_its_dependencies(asset: str) -> None:
    declared = {dep.asset_key.to_user_string() for dep in nodes()[asset].deps}
    assert tables_read(asset) <= declared


def test_the_joined_scores_name_what_they_read() -> None:
    assert tables_read("class_scores") == set(class_scores.SCORES)
    assert tables_read("localization_metrics") == METRICS
    assert tables_read("classified") == set(classified.PREDICTIONS)
