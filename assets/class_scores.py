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
            )
            for (label, (time_s, confidence)), curve in zip(
                scores.items(), actionness, strict=True
            )
        ]


def _confidence(home: Home, dataset: str, video_id: str) -> dict[str, tuple[Any, Any]]:
    """Return per class the times (T,) and P(yes) (T, 2) of a video."""
    part = home.tables.part_of("frame_confidence", dataset, video_id)
    table = home.tables.read("frame_confidence", dataset, part)
    columns = {name: table[name].to_numpy() for name in ("time_s", "p_start", "p_end")}
    labels = np.array(table["label"].to_pylist(), dtype=np.str_)
    scores = {}
    for label in dict.fromkeys(labels.tolist()):
        rows = labels == label
        p_yes = np.stack([columns["p_start"][rows], columns["p_end"][rows]], axis=1)
        scores[label] = (columns["time_s"][rows], p_yes)
    return scores
