"""What all classifiers have in common: whom they classify, and how it is written down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import numpy as np
from numpy.typing import NDArray

from assets.clip_frames import FramesOf
from assets.stage import versioned
from zs_dagster.classification.decisions import top_classes
from zs_dagster.classification.softmax import softmax
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet, evaluation_sets
from zs_dagster.datasets.splits import load_splits
from zs_dagster.digests import digest
from zs_dagster.home import Home

KIND = "class_scores"
KEPT = 5


@dataclass(frozen=True, eq=False)
class SetScores:
    """What a classifier says about the videos of one evaluation set.

    Attributes:
        method: Name of the classifier.
        parameters: All that was set, JSON.
        asked: The videos and candidate classes.
        logits: Shape ``(N, K)``; their softmax are the probabilities.
        n_frames: Shape ``(N,)``, frames each prediction was made from.
        skipped: Videos whose adaptation was not taken.
    """

    method: str
    parameters: str
    asked: EvaluationSet
    logits: NDArray[np.float32]
    n_frames: Sequence[int]
    skipped: int = 0

    def save(self, home: Home) -> str:
        """Store the logits with their videos and classes; returns the key."""
        names = {"videos": list(self.asked.videos), "classes": list(self.asked.classes)}
        key = digest(KIND, self.method, self.parameters, names, digest(self.logits.tolist()))
        home.store.save_arrays(KIND, key, {"logits": self.logits})
        home.store.save_document(KIND, key, names)
        return key

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the best classes of each video."""
        probability = softmax(self.logits.astype(np.float64))
        best = top_classes(self.logits, min(KEPT, len(self.asked.classes)))
        for video, of_video, order, n in zip(
            self.asked.videos, probability, best, self.n_frames, strict=True
        ):
            for rank, place in enumerate(order, start=1):
                yield {
                    "video_id": video,
                    "method": self.method,
                    "split": self.asked.name,
                    "rank": rank,
                    "label": self.asked.classes[place],
                    "probability": float(of_video[place]),
                    "n_frames": int(n),
                }


def asked_sets(home: Home, dataset: Dataset) -> list[EvaluationSet]:
    """Return the evaluation sets of a dataset, of the videos that were encoded."""
    encoded = [row["video_id"] for row in home.tables.rows("frame_features", dataset.name)]
    annotations = home.tables.rows("annotations", dataset.name)
    return evaluation_sets(dataset, encoded, annotations, load_splits(dataset))


def frames_of_videos(home: Home, dataset: Dataset, fingerprint: str) -> dict[str, FramesOf]:
    """Return the frames of every encoded video, by its id."""
    encoded = {row["video_id"] for row in home.tables.rows("frame_features", dataset.name)}
    return {
        video["video_id"]: FramesOf.find(home.store, None, video, fingerprint)
        for video in home.tables.rows("videos", dataset.name)
        if video["video_id"] in encoded
    }


def publish_scores(
    context: dg.AssetExecutionContext,
    home: Home,
    scores: Sequence[SetScores],
    *,
    computed: int,
    reused: int,
) -> dg.MaterializeResult:
    """Write predictions and classifiers of this asset, and tell Dagster their version."""
    table, dataset = context.asset_key.path[-1], context.partition_key
    rows = [row for one in scores for row in one.rows()]
    classifiers = [
        {
            "method": one.method,
            "split": one.asked.name,
            "parameters": one.parameters,
            "scores": one.save(home),
            "videos": len(one.asked.videos),
            "skipped": one.skipped,
        }
        for one in scores
    ]
    home.tables.write(table, dataset, rows)
    home.tables.write(table.replace("predictions", "classifiers"), dataset, classifiers)
    return versioned([*rows, *classifiers], computed=computed, reused=reused)
