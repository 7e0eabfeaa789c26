"""The asset graph as Dagster sees it."""

import re
from pathlib import Path

import dagster as dg
import pytest

from assets import captioned_segments, class_scores, classified
from assets.partitions import catalogue, datasets, mapping_of
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
PREDICTIONS = {
    *("videos", "annotations", "clip_predictions", "zar_predictions", "cezsar_predictions"),
}
CAPTIONED = {"videos", "captions", "frame_features", "sentence_embeddings"}
CHARTED = {"ablations", "loss_waterfall", "error_types"}
SHARED = {
    "videos",
    "annotations",
    "class_queries",
    "frame_features",
    "class_embeddings",
}
GRAPH = {
    "videos": ("ingest", set()),
    "annotations": ("ingest", {"videos"}),
    "class_queries": ("language", set()),
    "captions": ("ingest", {"videos"}),
    "sentence_embeddings": ("language", {"captions"}),
    "frame_features": ("vision", {"videos"}),
    "cezsar_model": ("training", CAPTIONED),
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
    "ablations": ("localization", SCORES | {"annotations", "class_queries"}),
    "loss_waterfall": ("localization", SCORES | {"annotations", "segments"}),
    "error_types": ("localization", {"annotations", "segments"}),
    "protocol_metrics": ("localization", {"segments", "annotations"}),
    "clip_predictions": (
        "classification",
        {"videos", "frame_features", "class_queries", "class_embeddings", "annotations"},
    ),
    "zar_predictions": ("classification", {"videos", "frame_features", "annotations"}),
    "cezsar_predictions": (
        "classification",
        {"videos", "frame_features", "class_queries", "annotations"},
    ),
    "semantic_gap": ("classification", {"annotations", "cezsar_predictions"}),
    "classification_metrics": ("classification", PREDICTIONS),
    "classification_report": (
        "results",
        PREDICTIONS | {"frame_features", "classification_metrics"},
    ),
    "localization_results": (
        "results",
        SCORES | METRICS | CHARTED | {"localization_metrics", "protocol_metrics"},
    ),
    "classification_results": (
        "results",
        SHARED | PREDICTIONS | {"classification_metrics", "semantic_gap"},
    ),
    "training_results": ("results", CAPTIONED | {"cezsar_model"}),
    "report": (
        "results",
        SCORES
        | CHARTED
        | {"annotations", "segments", "localization_metrics", "protocol_metrics"},
    ),
}
MODEL_ASSETS = {
    *("frame_features", "class_embeddings", "frame_confidence", "zar_predictions"),
    "sentence_embeddings",
}
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
    "cezsar_classifiers": "cezsar_predictions",
    "cezsar_spaces": "cezsar_predictions",
    "cezsar_history": "cezsar_model",
    "cezsar_metrics": "cezsar_model",
}
PLAIN = {
    *("candidate_classes", "segments", "localization_metrics", "classification_metrics"),
    "protocol_metrics",
    *CHARTED,
}
READS = re.compile(
    r'(?:\b(?:rows|each_row|by_video|parts_about|parts)|\.read|load_arrays)\(\s*"(\w+)"'
)
SEGMENTS = {"true_segments": "annotations", "found_segments": "segments"}
ASSETS = Path(__file__).parents[2] / "assets"

SHIPPED_NAMES = [path.stem for path in SHIPPED.glob("*.yaml")]


def tables_read(module: str) -> set[str]:
    """Return the assets whose tables or entries the source of a module reads by name."""
    source = (ASSETS / f"{module}.py").read_text(encoding="utf-8")
    named = {WRITER.get(table, table) for table in READS.findall(source)}
    named |= {asset for function, asset in SEGMENTS.items() if f"{function}(" in source}
    if "cached_scores import" in source:
        named |= tables_read("cached_scores")
    if "import SCORES" in source:
        named |= tables_read("class_scores")
    if "assets.classified import" in source:
        named |= tables_read("classified")
    for joined in ("captioned_segments", "joint_space", "leakage"):
        if f"assets.{joined} import" in source and module != "joint_space":
            named |= tables_read(joined)
    return named - {module}


SETTINGS = {
    "frame_features",
    "class_embeddings",
    "candidate_classes",
    "frame_confidence",
    "segments",
    "localization_metrics",
    "protocol_metrics",
    *CHARTED,
    "clip_predictions",
    "zar_predictions",
    "sentence_embeddings",
    "cezsar_model",
    "cezsar_predictions",
}
FILES = {
    "video_files": {"videos"},
    "annotation_files": {"annotations"},
    "caption_files": {"captions", "frame_features"},
    "questions": {"class_queries"},
    "trained_models": {"cezsar_predictions"},
}
RESULTS = {"localization_results", "classification_results", "training_results"}


def nodes() -> dict[str, dg.AssetSpec]:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    return {key: spec for key, spec in specs.items() if spec.group_name != "sources"}


def is_stage(key: str) -> bool:
    return key not in FILES and not key.startswith("settings/")


def test_assets_groups_and_dependencies_are_those_of_the_design() -> None:
    found = {
        key: (spec.group_name, set(filter(is_stage, above(spec))))
        for key, spec in nodes().items()
    }
    assert found == GRAPH


def above(spec: dg.AssetSpec) -> set[str]:
    return {dep.asset_key.to_user_string() for dep in spec.deps}


def test_every_stage_names_the_files_and_settings_it_reads() -> None:
    found = {
        key: sources for key, spec in nodes().items() if (sources := above(spec) - {*GRAPH})
    }
    read = {(stage, f"settings/{stage}") for stage in SETTINGS}
    read |= {(stage, source) for source, stages in FILES.items() for stage in stages}
    assert {(stage, source) for stage, sources in found.items() for source in sources} == read


def test_stages_are_kept_fresh_and_sources_are_only_watched() -> None:
    graph = defs.resolve_asset_graph()
    kept = {
        key.to_user_string()
        for key in graph.get_all_asset_keys()
        if graph.get(key).automation_condition
    }
    assert kept == set(GRAPH)


def test_every_asset_but_the_database_has_one_partition_per_dataset() -> None:
    partitions = {key: spec.partitions_def for key, spec in nodes().items()}
    assert {partitions.pop(name) for name in RESULTS} == {None}
    assert len({id(each) for each in partitions.values()}) == 1
    shared = partitions["videos"]
    assert shared is not None
    assert shared.get_partition_keys() == sorted([*SHIPPED_NAMES, "tiny", "tiny-captions"])


def test_each_task_has_a_job_and_together_they_cover_all_assets() -> None:
    jobs = {
        job.name: {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    assert set(jobs) == {"localize", "classify", "train", "nightly", "reprocess_stale"}
    assert jobs.pop("nightly") == jobs.pop("reprocess_stale") == set(GRAPH)
    assert jobs["localize"] & jobs["classify"] == SHARED
    assert jobs["train"] & jobs["classify"] == {"videos", "frame_features"}
    assert set().union(*jobs.values()) == set(GRAPH)
    assert jobs["train"] == CAPTIONED | {"cezsar_model", "training_results"}
    assert {"localization_metrics", "report"} < jobs["localize"]
    assert {"classification_metrics", "classification_report"} < jobs["classify"]


@pytest.mark.parametrize("job", ["localize", "classify", "train", "nightly"])
def test_no_job_waits_for_an_asset_outside_of_it(job: str) -> None:
    # The UI would warn of partitions that "cannot be materialized", and offer to remove them.
    graph = defs.resolve_asset_graph()
    inside = defs.resolve_job_def(job).asset_layer.selected_asset_keys
    needed = {parent for key in inside for parent in graph.get(key).parent_keys}
    outside = [key.to_user_string() for key in needed - set(inside)]
    assert not set(outside) & set(GRAPH)
    assert not any(graph.get(dg.AssetKey(key.split("/"))).is_materializable for key in outside)


def test_every_published_table_makes_the_database_stale() -> None:
    published = {WRITER.get(table, table) for table in SCHEMAS}
    assert set().union(*(above(nodes()[name]) for name in RESULTS)) == published


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
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    declared = above(specs[asset])
    # What other datasets make is read through the source that watches it.
    declared |= {one for key in declared - {*GRAPH} for one in above(specs[key])}
    assert tables_read(asset) <= declared


def test_the_joined_scores_name_what_they_read() -> None:
    assert tables_read("class_scores") == set(class_scores.SCORES)
    assert tables_read("localization_metrics") == METRICS
    assert tables_read("classified") == set(classified.PREDICTIONS)
    assert tables_read("captioned_segments") == set(captioned_segments.CAPTIONED)


def test_predictions_depend_on_the_model_of_the_dataset_they_were_trained_on() -> None:
    mapping = mapping_of(catalogue)
    keys = datasets.get_partition_keys()
    for target in keys:
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(
            datasets.subset_with_partition_keys([target]), datasets, datasets
        )
        wanted = {"demo-captions"} if target == "demo-clips" else set()
        assert set(found.partitions_subset.get_partition_keys()) == wanted
    (made,) = (s for s in defs.resolve_all_asset_specs() if s.key.path == ["trained_models"])
    mapped = {d.asset_key.to_user_string() for d in made.deps if d.partition_mapping == mapping}
    assert mapped == {"captions", "cezsar_model"}
