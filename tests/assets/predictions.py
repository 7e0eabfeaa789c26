"""Predictions made by hand, in the form that classifiers leave them in a home."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zs_dagster.home import Home

Probabilities = Mapping[str, Sequence[float]]
"""Video -> probability of each class."""
Said = Mapping[tuple[str, str], tuple[Sequence[str], Probabilities]]
"""Method and set -> classes of the set, and probabilities."""


def write_videos(home: Home, status: Mapping[str, str]) -> None:
    """Write the table `videos`: video -> ok, unreadable or excluded."""
    unknown = ("error", "reason", "content_hash", "duration_s", "fps", "width", "height")
    empty = dict.fromkeys((*unknown, "n_frames", "backend", "backend_reason"))
    rows = [
        {"video_id": video, "path": f"/{video}.mp4", "status": said} | empty
        for video, said in status.items()
    ]
    home.tables.write("videos", "tiny", rows)


def write_truth(home: Home, truth: Sequence[tuple[str, str, str]]) -> None:
    """Write the table `annotations` from video, label and official lists."""
    rows = [
        {"video_id": video, "label": label, "start_s": None, "end_s": None, "subsets": lists}
        for video, label, lists in truth
    ]
    home.tables.write("annotations", "tiny", rows)


def write_predictions(home: Home, clip: Said, zar: Said | None = None) -> None:
    """Write the tables and scores of both kinds of classifiers."""
    for kind, said in (("clip", clip), ("zar", zar or {}), ("cezsar", {})):
        classifiers: list[dict[str, Any]] = []
        predictions: list[dict[str, Any]] = []
        for (method, split), (classes, found) in said.items():
            same, key = {"method": method, "split": split}, f"{kind}-{method}-{split}"
            home.store.save_document(
                "class_scores",
                key.replace("/", "-"),
                {"videos": list(found), "classes": list(classes)},
            )
            logits = np.log(np.array(list(found.values()), np.float32) + 1e-30)
            home.store.save_arrays(
                "class_scores",
                key.replace("/", "-"),
                {"logits": logits.reshape(len(found), len(classes))},
            )
            classifiers.append(
                same
                | {"parameters": f'{{"name": "{method}"}}', "scores": key.replace("/", "-")}
                | {"videos": len(found), "skipped": 0}
            )
            for video, values in found.items():
                order = np.argsort(-np.array(values), kind="stable")[:5].tolist()
                predictions += [
                    same
                    | {"video_id": video, "rank": rank, "label": classes[place]}
                    | {"probability": float(values[place]), "n_frames": 16}
                    for rank, place in enumerate(order, 1)
                ]
        home.tables.write(f"{kind}_classifiers", "tiny", classifiers)
        home.tables.write(f"{kind}_predictions", "tiny", predictions)
