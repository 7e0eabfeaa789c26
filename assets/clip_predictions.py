"""Banked features and class sentences -> classes of clips, by CLIP zero-shot classifiers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import numpy as np
from numpy.typing import NDArray

from assets.class_predictions import (
    SetScores,
    asked_sets,
    frames_of_videos,
    publish_scores,
)
from assets.class_texts import (
    clip_classifiers,
    descriptions_of,
    features_of,
    prompts_of,
    text_features,
)
from assets.clip_frames import FramesOf, chosen_times
from assets.stage import model_version, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.classification.aggregation import aggregator
from zs_dagster.classification.frame_text import FrameText, Words
from zs_dagster.classification.pooling import Aggregator
from zs_dagster.classification.prototypes import prototypes, template_prototypes
from zs_dagster.classification.softmax import mean_probability_scores, softmax
from zs_dagster.classification.templates import Prompts, templates_of
from zs_dagster.datasets.classification import ClipClassifier
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.crops import EVAL
from zs_dagster.models.loading import Models
from zs_dagster.video.samplers import sampler

VERSION = "1"
SPOTTING = "vcs"
"""The aggregator that looks at the words of class sentences."""


@stage(
    "classification",
    deps=["videos", "frame_features", "class_queries", "class_embeddings", "annotations"],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["numpy"],
    options=["classifiers", "splits", "random_classes"],
)
def clip_predictions(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Five rows per clip, classifier and evaluation set: classes with probabilities.

    No image is encoded here, whatever sampler, aggregator or template is tried.
    """
    dataset, core = library.trimmed(context.partition_key), home.get()
    fingerprint = models.get().clip_fingerprint(dataset.profile)
    frames = frames_of_videos(core, dataset, fingerprint)
    texts = Texts(
        dataset,
        text_features(core, dataset.name),
        descriptions_of(core, dataset.name),
        models.get().clip(dataset.profile),
    )
    sets = asked_sets(core, dataset)
    scores = [
        classify_set(name, classifier, texts, frames, asked)
        for name, classifier in clip_classifiers(dataset).items()
        for asked in sets
    ]
    computed = sum(len(one.asked.videos) for one in scores)
    return publish_scores(context, core, scores, computed=computed, reused=0)


@dataclass(frozen=True, eq=False)
class Texts:
    """Sentences of a dataset with their features, and the model they are of.

    Attributes:
        features: Sentence -> ``(D,)``.
        descriptions: Label -> description.
        encoder: Knows the scale of the logits; encodes words for video concept spotting.
    """

    dataset: Dataset
    features: Mapping[str, NDArray[Any]]
    descriptions: Mapping[str, str]
    encoder: OpenClipEncoder

    def prompts(self, classifier: ClipClassifier, asked: EvaluationSet) -> Prompts:
        """Return the sentences of the candidate classes."""
        kept = self.dataset.model_copy(update={"classes": asked.classes})
        return prompts_of(classifier, kept, self.descriptions)


def classify_set(
    name: str,
    classifier: ClipClassifier,
    texts: Texts,
    frames: Mapping[str, FramesOf],
    asked: EvaluationSet,
) -> SetScores:
    """Score the videos of a set against its classes.

    Raises:
        InputError: If sampler, templates or aggregator are unknown or badly set.
    """
    scorer = _Scorer(classifier, texts, asked)
    found = [scorer.logits(frames[video]) for video in asked.videos]
    return SetScores(
        name,
        json.dumps(classifier.model_dump(mode="json"), sort_keys=True),
        asked,
        np.stack([logits for logits, _ in found]).astype(np.float32),
        [n for _, n in found],
    )


class _Scorer:
    """One classifier with the class features of one set."""

    def __init__(self, classifier: ClipClassifier, texts: Texts, asked: EvaluationSet) -> None:
        self._classifier = classifier
        self._scale = texts.encoder.scale / classifier.temperature
        self._aggregator: Aggregator = aggregator(
            classifier.aggregator, _with_scale(classifier, texts.encoder.scale)
        )
        prompts = texts.prompts(classifier, asked)
        features = features_of(prompts, texts.features)
        # One ensemble is one set of class features; the other one set per template.
        self._classes = prototypes(features, prompts)[None]
        if classifier.ensemble == "probability" and classifier.texts == "templates":
            count = len(templates_of(classifier.templates))
            self._classes = template_prototypes(features, count)
        self._words = (
            _words(texts.encoder, prompts) if classifier.aggregator == SPOTTING else None
        )

    def logits(self, known: FramesOf) -> tuple[NDArray[np.float64], int]:
        """Return ``(K,)`` logits of a video, and how many frames they are from."""
        times = chosen_times(known, self._classifier, self._confidence(known))
        frames = known.bank.gather(times, EVAL).astype(np.float64)
        scores = np.stack(
            [
                self._aggregator.scores(FrameText(frames, classes, self._words))
                for classes in self._classes
            ]
        )
        return self._scale * mean_probability_scores(scores, self._scale), len(times)

    def _confidence(self, known: FramesOf) -> NDArray[np.float64] | None:
        """Return how sure each frame alone is of a class, for samplers that ask."""
        if sampler(self._classifier.sampler).needs != "confidence":
            return None
        frames = known.bank.gather(known.times, EVAL).astype(np.float64)
        cosine = FrameText(frames, self._classes[0]).cosine
        sure: NDArray[np.float64] = softmax(self._scale * cosine).max(axis=1)
        return sure


def _with_scale(classifier: ClipClassifier, scale: float) -> dict[str, Any]:
    """Give the scale of the model to aggregators that take a softmax, unless it is set."""
    takes = classifier.aggregator in ("mean_prob", "agree")
    return {"scale": scale, **classifier.parameters} if takes else dict(classifier.parameters)


def _words(encoder: OpenClipEncoder, prompts: Prompts) -> Words:
    features, owner = encoder.encode_words(prompts.sentences)
    return Words(features, prompts.group[owner])
