"""What made the numbers of a run, written beside them as one JSON file.

A card is written once, by the asset that writes the rows, from what that asset read. What is
too large for it is kept as a copy of the table, named by the digest of the file.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest, file_digest
from zs_dagster.files import atomic_path, write_text
from zs_dagster.home import Home
from zs_dagster.models.identity import clip_facts, lvlm_facts
from zs_dagster.models.loading import Models
from zs_dagster.provenance import environment
from zs_dagster.queries.class_query import PROMPT

SNAPSHOTS = "snapshots"
VERSION = "dagster/data_version"
INPUT = "dagster/input_event_pointer/"
UNKNOWN = "NULL"
"""What Dagster writes for an input whose materialization it does not know."""
COMMON = ("videos", "annotations", "class_queries", "frame_features", "class_embeddings")
# Every asset that metrics are made from, however far above.
STAGES = {
    "localization": (*COMMON, "candidate_classes", "frame_confidence", "segments"),
    "classification": (*COMMON, "clip_predictions", "zar_predictions", "cezsar_predictions"),
}
# What a later comparison of two runs needs.
KEPT = {
    "localization": ("annotations", "segments"),
    "classification": (
        *("annotations", "clip_predictions", "zar_predictions", "cezsar_predictions"),
    ),
}
Facts = dict[str, Any]


def write_card(
    context: dg.AssetExecutionContext,
    home: Home,
    models: Models,
    dataset: Dataset,
    rows: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Write `provenance/RUN.json` of a run; returns what Dagster shows of it.

    Args:
        context: Of the metrics asset.
        home: Where it is written.
        models: Those that were asked.
        dataset: What was run.
        rows: The metrics, with commit, time and parameters.
    """
    card = {
        "run_id": context.run.run_id,
        "dataset": dataset.name,
        "task": dataset.task,
        "created_at": rows[0]["created_at"] if rows else None,
        "code": {"commit": rows[0]["git_commit"] if rows else None, **environment()},
        "models": _models(models, dataset, home),
        "options": _options(dataset),
        "run_config": _run_config(context),
        "methods": {row["method"]: row["parameters"] for row in rows},
        "prompt": PROMPT,
        "queries": _queries(home, dataset),
        "videos": _videos(home, dataset),
        "tables": {
            table: _keep(home, table, dataset.name) for table in _present(home, dataset)
        },
        "lineage": _lineage(context, dataset.name, dataset.task),
    }
    path = home.provenance / f"{context.run.run_id}.json"
    write_text(path, json.dumps(card, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    return {"provenance": dg.MetadataValue.path(str(path))}


def _models(models: Models, dataset: Dataset, home: Home) -> Facts:
    facts = {"profile": dataset.profile, "clip": clip_facts(models, dataset.profile)}
    if dataset.task == "localization":
        facts["lvlm"] = lvlm_facts(models, dataset.profile, home)
    return facts


def _options(dataset: Dataset) -> Facts:
    """Return how videos were read, sampled and evaluated; the methods have their own place."""
    part = dataset.localization if dataset.task == "localization" else dataset.classification
    said = part.model_dump(mode="json", exclude={"methods"})
    return {**said, "backend": dataset.reader.backend, "subset": _subset(dataset)}


def _subset(dataset: Dataset) -> str | None:
    return dataset.annotations.subset if dataset.annotations else None


def _run_config(context: dg.AssetExecutionContext) -> Facts:
    """Return the options given to this run, asset by asset."""
    said_by_run: Any = context.run.run_config
    ops = said_by_run.get("ops") or {}
    return {name: said["config"] for name, said in ops.items() if said.get("config")}


def _queries(home: Home, dataset: Dataset) -> Facts:
    if not home.tables.has("class_queries", dataset.name):
        return {"digest": None, "classes": []}  # Clips can be classified by names alone.
    rows = home.tables.rows("class_queries", dataset.name)
    texts = [{k: v for k, v in row.items() if k != "dataset"} for row in rows]
    return {"digest": digest(rows), "classes": texts}


def _videos(home: Home, dataset: Dataset) -> Facts:
    rows = home.tables.each_row("videos", dataset.name)
    return {row["video_id"]: row["content_hash"] for row in rows if row["status"] == "ok"}


def _present(home: Home, dataset: Dataset) -> list[str]:
    return [t for t in KEPT[dataset.task] if home.tables.has(t, dataset.name)]


def _keep(home: Home, table: str, dataset: str) -> str:
    """Copy a table into the store, once per content; returns its key."""
    path = home.tables.path(table, dataset)
    key = file_digest(path)
    target = home.store.path(SNAPSHOTS, key, "parquet")
    if not target.is_file():
        with atomic_path(target) as temporary:
            shutil.copyfile(path, temporary)
    return key


def _lineage(context: dg.AssetExecutionContext, dataset: str, task: str) -> Facts:
    """Return the version of each stage above, and which of its inputs have changed since.

    Where a person materialised some assets alone, numbers may rest on older questions or
    scores than the tables now hold; then `stale_inputs` names them.
    """
    tags = {name: _tags(context, name, asset_partitions=[dataset]) for name in STAGES[task]}
    lineage = {}
    for name, said in tags.items():
        pointers = {key: said.get(INPUT + key, UNKNOWN) for key in tags}
        inputs = {key: int(at) for key, at in pointers.items() if at != UNKNOWN}
        # The version of what was read is asked for by event: the tag with the version of an
        # input of a partitioned asset is a digest over partitions, and cannot be compared.
        read = {key: _tags(context, key, storage_ids=[at]) for key, at in inputs.items()}
        stale = [key for key in read if read[key].get(VERSION) != tags[key].get(VERSION)]
        lineage[name] = {"data_version": said.get(VERSION), "stale_inputs": sorted(stale)}
    return lineage


def _tags(context: dg.AssetExecutionContext, asset: str, **which: Any) -> Mapping[str, str]:  # noqa: ANN401
    """Return the tags of the newest of some materializations; none where there is no record."""
    wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), **which)
    records = context.instance.fetch_materializations(wanted, limit=1).records
    made = records[0].asset_materialization if records else None
    return (made.tags or {}) if made else {}
