"""The cached scores of a dataset, joined: what localizers and the report read."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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

NEITHER = {"is_candidate": False, "is_known": False}
COLUMNS = ("time_s", "p_start", "p_end", "p_middle")


def scored_videos(
    home: Home, dataset: str, chosen: Collection[str] | None = None
) -> Iterator[list[ClassScores]]:
    """Yield the scores video by video, one item per class that was asked about.

    Args:
        home: Where they lie.
        dataset: Whose.
        chosen: Ids of the videos wanted; all if None.
    """
    tables = home.tables
    duration = {v["video_id"]: v["duration_s"] for v in tables.each_row("videos", dataset)}
    texts = {
        row["label"]: home.store.load_arrays("class_embeddings", row["key"])["feature"]
        for row in tables.each_row("class_embeddings", dataset)
        if row["text_kind"] == "description"
    }
    candidates = tables.by_video("candidate_classes", dataset, _chosen_classes)
    scored = tables.parts_about("frame_confidence", dataset, duration)
    for video in tables.each_row("frame_features", dataset):
        video_id = video["video_id"]
        if (chosen is not None and video_id not in chosen) or not scored[video_id]:
            continue  # Without scores its file went bad between encoding and scoring.
        features = sampled_features(home.store, video)["features"]
        scores = _confidence(home, dataset, scored[video_id][0])
        classes = {row["label"]: row for row in candidates.get(video_id, [])}
        text = np.stack([texts[label] for label in scores])
        actionness = cosine_similarity(features, text).T
        yield [
            ClassScores(
                video_id,
                label,
                classes.get(label, NEITHER)["is_candidate"],
                classes.get(label, NEITHER)["is_known"],
                time_s,
                confidence,
                curve,
                duration[video_id],
                features,
                texts[label],
                middle,
            )
            for (label, (time_s, confidence, middle)), curve in zip(
                scores.items(), actionness, strict=True
            )
        ]


def _chosen_classes(rows: pa.Table) -> pa.Table:
    """Leave out the classes that are nothing to a video: most of them."""
    chosen = rows.filter(pc.or_(rows["is_candidate"], rows["is_known"]))
    return chosen.select(["video_id", "label", *NEITHER])


def _confidence(home: Home, dataset: str, part: str) -> dict[str, tuple[Any, Any, Any]]:
    """Return per class times (T,), P(yes) (T, 2), and (T,) of the middle, of a video."""
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
