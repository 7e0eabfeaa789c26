"""Frame features and class texts -> the classes worth asking the LVLM about, per video."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import numpy as np

from assets.feature_rows import sampled_features
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.home import Home
from zs_dagster.localization.class_filter import class_ranks, similarity_to_units
from zs_dagster.similarity import normalised


@stage(
    "localization",
    deps=["frame_features", "class_embeddings", "annotations"],
    options=["top_k", "filter_frames", "filter_text"],
)
def candidate_classes(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per video and class: CLIP similarity, rank, and whether it passes the filter."""
    rows = candidate_rows(home.get(), library.untrimmed(context.partition_key))
    return publish(context, home.get(), rows)


def candidate_rows(home: Home, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Yield the rows of this table from those of the tables it depends on."""
    tables, options = home.tables, dataset.localization
    labels, texts = _texts(home, dataset.name, options.filter_text)
    units = normalised(texts)
    truth = tables.each_row("annotations", dataset.name)
    known = {(row["video_id"], row["label"]) for row in truth}
    for video in tables.each_row("frame_features", dataset.name):
        features = sampled_features(home.store, video)["features"]
        similarity = similarity_to_units(features, units, options.filter_frames)
        ranks = class_ranks(similarity)
        for label, value, rank in zip(labels, similarity, ranks, strict=True):
            yield {
                "video_id": video["video_id"],
                "label": label,
                "similarity": float(value),
                "rank": int(rank),
                "is_candidate": bool(rank <= options.top_k),
                "is_known": (video["video_id"], label) in known,
            }


def _texts(home: Home, dataset: str, text_kind: str) -> tuple[list[str], Any]:
    rows = home.tables.rows("class_embeddings", dataset)
    chosen = [row for row in rows if row["text_kind"] == text_kind]
    arrays = [home.store.load_arrays("class_embeddings", row["key"]) for row in chosen]
    return [row["label"] for row in chosen], np.stack([a["feature"] for a in arrays])
