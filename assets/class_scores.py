"""The cached scores of a dataset, joined: what localizers and the report read."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from assets.feature_rows import sampled_features
from zs_dagster.home import Home
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.similarity import cosine_similarity

__all__ = ["SCORES", "ClassScores", "scored_videos"]

# What `scored_videos` reads: the assets that its readers depend on.
SCORES = [
    "videos",
    "frame_features",
    "class_embeddings",
    "candidate_classes",
    "frame_confidence",
]

COLUMNS = ("time_s", "p_start", "p_end", "p_middle")


def scored_videos(home: Home, dataset: str) -> Iterator[list[ClassScores]]:
    """Yield the scores video by video, one item per class that was asked about."""
    duration = {v["video_id"]: v["duration_s"] for v in home.tables.rows("videos", dataset)}
    texts = {
        row["label"]: home.store.load_arrays("class_embeddings", row["key"])["feature"]
        for row in home.tables.rows("class_embeddings", dataset)
        if row["text_kind"] == "description"
    }
    classes = {
        (row["video_id"], row["label"]): row
        for row in home.tables.rows("candidate_classes", dataset)
    }
    scored = home.tables.named("frame_confidence", dataset, duration)
    for video in home.tables.rows("frame_features", dataset):
        features = sampled_features(home.store, video)["features"]
        if video["video_id"] not in scored:
            continue  # Its file went bad between encoding and scoring.
        scores = _confidence(home, dataset, video["video_id"])
        text = np.stack([texts[label] for label in scores])
        actionness = cosine_similarity(features, text).T
        yield [
            ClassScores(
                video["video_id"],
                label,
                classes[video["video_id"], label]["is_candidate"],
                classes[video["video_id"], label]["is_known"],
                time_s,
                confidence,
                curve,
                duration[video["video_id"]],
                features,
                texts[label],
                middle,
            )
            for (label, (time_s, confidence, middle)), curve in zip(
                scores.items(), actionness, strict=True
            )
        ]


def _confidence(home: Home, dataset: str, video_id: str) -> dict[str, tuple[Any, Any, Any]]:
    """Return per class times (T,), P(yes) (T, 2), and (T,) of the middle, of a video."""
    part = home.tables.part_of("frame_confidence", dataset, video_id)
    table = home.tables.read("frame_confidence", dataset, part)
    labels = np.array(table["label"].to_pylist(), dtype=np.str_)
    # Tables of older versions have no such column; a null becomes NaN.
    names = [name for name in COLUMNS if name in table.column_names]
    columns = {n: table[n].to_numpy().astype(np.float64) for n in names}
    scores = {}
    for label in dict.fromkeys(labels.tolist()):
        of = {name: column[labels == label] for name, column in columns.items()}
        p_yes = np.stack([of["p_start"], of["p_end"]], axis=1)
        middle = of.get("p_middle")
        is_asked = middle is not None and not np.isnan(middle).any()
        scores[label] = (of["time_s"], p_yes, middle if is_asked else None)
    return scores
