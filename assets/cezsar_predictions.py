"""Frames and class sentences -> classes of clips, by the nearest sentences in a joint space."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import numpy as np

from assets.class_predictions import (
    SetScores,
    asked_sets,
    frames_of_videos,
    publish_scores,
)
from assets.class_texts import descriptions_of
from assets.clip_frames import FramesOf
from assets.joint_space import Points, TrainedSpace, class_sentences, frames_for, points
from assets.leakage import leaked_classes, no_leakage
from assets.stage import model_version, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.classification import CezsarClassifier, methods_of
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.digests import digest
from zs_dagster.errors import DatasetError
from zs_dagster.home import Home
from zs_dagster.joint_embedding.scoring import class_scores, nearest_classes
from zs_dagster.models.loading import Models
from zs_dagster.store import Arrays

logger = logging.getLogger("zs_dagster.cezsar")
SPACE = "cezsar_embeddings"
VERSION = "1"
FIRST = 1e-6
"""How far the class that was voted for is put before the others, as a cosine."""


@stage(
    "classification",
    deps=[
        *("videos", "frame_features", "class_queries", "annotations"),
        # Of the datasets with captions that its classifiers are trained on.
        "trained_models",
    ],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    options=["classifiers", "splits", "random_classes"],
    checks={"no_leakage": "No class to recognise is a class of the captioned videos."},
    blocking=["no_leakage"],
)
def cezsar_predictions(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """Five rows per clip and evaluation set, in the joint space trained and untrained.

    No image is encoded here; of sentences, those that no run has encoded.
    """
    dataset, core = library.trimmed(context.partition_key), home.get()
    sources = {name: library.captioned(name) for name in dataset.classification.trained_on}
    sets = asked_sets(core, dataset)
    leaks = leaked_classes(dataset, list(sources.values()), sets)
    yield no_leakage(core, dataset, list(sources.values()), leaks)
    if leaks:
        raise DatasetError(_refusal(dataset, leaks))
    frames = frames_of_videos(core, dataset, models.get().clip_fingerprint(dataset.profile))
    scores: list[SetScores] = []
    kept: list[Mapping[str, Any]] = []
    for name, classifier in dataset.classification.cezsar.items():
        space = TrainedSpace.find(core, sources[classifier.trained_on], models.get())
        found = _embedded(core, dataset, classifier, space, frames)
        for method, where in zip(methods_of(name, classifier), found, strict=True):
            kept.append(_keep(core, dataset, method, where, list(frames)))
            said = _said(classifier, space)
            scores += [
                _scored(method, said, classifier, where, dataset, frames, s) for s in sets
            ]
    core.tables.write("cezsar_spaces", dataset.name, kept)
    computed = sum(len(one.asked.videos) for one in scores)
    yield publish_scores(context, core, scores, computed=computed, reused=0)


def _refusal(dataset: Dataset, leaks: Mapping[str, str]) -> str:
    label, source = next(iter(leaks.items()))
    return (
        f"dataset '{dataset.name}': {len(leaks)} of its classes are classes of the captioned "
        f"videos, such as '{label}' of '{source}', so results would not be zero-shot; leave "
        f"them out here, or their videos and captions out of '{source}'"
    )


def _embedded(
    home: Home,
    dataset: Dataset,
    classifier: CezsarClassifier,
    space: TrainedSpace,
    frames: Mapping[str, FramesOf],
) -> tuple[Points, Points]:
    """Place all videos and all classes, in the trained space and the untrained one."""
    descriptions = descriptions_of(home, dataset.name)
    sentences = class_sentences(classifier, dataset, descriptions, space.sentences)
    named = [c for c, one in zip(dataset.classes, sentences, strict=True) if one.is_name]
    if named:
        logger.warning(
            "%s of %s classes have no sentence of %s words, such as '%s'; their names stand in",
            *(len(named), len(sentences), classifier.min_words, named[0]),
        )
    seen = [frames_for(classifier, known) for known in frames.values()]
    return points(classifier, space, sentences, seen)


def _scored(  # noqa: PLR0913 - one keyword per thing a score depends on
    method: str,
    said: str,
    classifier: CezsarClassifier,
    where: Points,
    dataset: Dataset,
    frames: Mapping[str, FramesOf],
    asked: EvaluationSet,
) -> SetScores:
    """Score the videos of a set against its classes."""
    place = {label: number for number, label in enumerate(asked.classes)}
    among = np.array([place.get(label, -1) for label in dataset.classes], dtype=np.int64)
    owner = among[where.owner]
    row = {video: number for number, video in enumerate(frames)}
    videos = where.videos[[row[video] for video in asked.videos]]
    prototypes, owner = where.prototypes[owner >= 0], owner[owner >= 0]
    scores = class_scores(videos, prototypes, owner, len(asked.classes))
    if classifier.k > 1:
        best = nearest_classes(videos, prototypes, owner, classifier.k)
        scores[np.arange(len(best)), best] = scores.max(axis=1) + FIRST
    n_frames = [min(classifier.frames, len(frames[video].times)) for video in asked.videos]
    logits = (scores / classifier.temperature).astype(np.float32)
    return SetScores(method, said, asked, logits, n_frames)


def _said(classifier: CezsarClassifier, space: TrainedSpace) -> str:
    """Return all that was set, the model included, JSON."""
    said = classifier.model_dump(mode="json") | {"model": space.row["model"]}
    return json.dumps(said, sort_keys=True)


def _keep(
    home: Home, dataset: Dataset, method: str, where: Points, videos: Sequence[str]
) -> Mapping[str, Any]:
    """Store the points of a method for the report of the semantic gap; returns its row."""
    arrays: Arrays = {
        "videos": where.videos.astype(np.float32),
        "prototypes": where.prototypes.astype(np.float32),
        "owner": where.owner,
    }
    names = {"videos": list(videos), "classes": list(dataset.classes)}
    key = digest(SPACE, names, *(array.tolist() for array in arrays.values()))
    home.store.save_arrays(SPACE, key, arrays)
    home.store.save_document(SPACE, key, names)
    return {"method": method, "space": key}
