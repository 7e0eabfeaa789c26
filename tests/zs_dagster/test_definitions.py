"""The asset graph as Dagster sees it."""

import dagster as dg

from zs_dagster.definitions import defs
from zs_dagster.schemas import SCHEMAS, columns

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
    "frame_confidence": ("localization", {"videos", "class_queries", "candidate_classes"}),
    "segments": ("localization", {"frame_confidence", "frame_features", "class_embeddings"}),
    "localization_metrics": ("localization", {"segments", "annotations", "candidate_classes"}),
    "results": (
        "results",
        {"localization_metrics", "segments", "frame_confidence", "videos", "annotations"},
    ),
    "report": (
        "results",
        {"videos", "annotations", "frame_confidence", "segments", "localization_metrics"},
    ),
}
MODEL_ASSETS = {"frame_features", "frame_confidence"}
# Written by `localization_metrics` beside its own table.
EXTRA_TABLES = {"metrics_history", "class_metrics"}


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
    assert shared.get_partition_keys() == ["demo", "demo-validation", "tiny"]


def test_the_job_localize_runs_all_assets() -> None:
    jobs = [job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")]
    assert jobs == ["localize"]
    job = defs.resolve_job_def("localize")
    keys = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert keys == set(GRAPH)


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
    assert set(SCHEMAS) - set(specs) == EXTRA_TABLES
    for table in set(SCHEMAS) - EXTRA_TABLES:
        schema = specs[table].metadata["dagster/column_schema"]
        found = [(column.name, column.type, column.description) for column in schema.columns]
        assert found == columns(table)


def test_every_asset_says_what_it_is() -> None:
    for key, spec in nodes().items():
        assert spec.description, key
        assert spec.code_version, key
        assert spec.kinds or key in {"candidate_classes", "segments"}, key
