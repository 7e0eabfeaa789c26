"""Banked views -> classes of clips, by prompts tuned to each clip, and without tuning."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import numpy as np

from assets.class_predictions import (
    SetScores,
    asked_sets,
    frames_of_videos,
    publish_scores,
)
from assets.clip_frames import FramesOf, final_times, zar_views
from assets.stage import model_version, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.classification import UNADAPTED, ZarClassifier
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.digests import digest
from zs_dagster.models.crops import EVAL, crop_names
from zs_dagster.models.loading import Models
from zs_dagster.models.prompt_tuning.parameters import ZarParameters
from zs_dagster.progress import track
from zs_dagster.store import Arrays, Store

KIND = "zar"
VERSION = "1"


@stage(
    "classification",
    deps=["videos", "frame_features", "annotations"],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    pool="gpu",
    options=["classifiers", "splits", "random_classes"],
)
def zar_predictions(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Five rows per clip and evaluation set, with the prompt tuned to the clip and without.

    A clip is tuned once per set of candidate classes and parameters; no image is encoded here.
    """
    dataset, core = library.trimmed(context.partition_key), home.get()
    fingerprint = models.get().clip_fingerprint(dataset.profile)
    frames = frames_of_videos(core, dataset, fingerprint)
    tuning = Tuning(core.store, dataset, models.get(), fingerprint)
    classifiers, sets = dataset.classification.classifiers.items(), asked_sets(core, dataset)
    jobs = [
        Job(name, classifier, asked)
        for name, classifier in classifiers
        if isinstance(classifier, ZarClassifier)
        for asked in sets
    ]
    missing = sum(tuning.missing(job, frames) for job in jobs)
    # Without a job there is no bar to show.
    tracked = track(jobs, KIND, len(jobs)) if jobs else ()
    scores = [one for job in tracked for one in tuning.run(job, frames)]
    total = sum(len(job.asked.videos) for job in jobs)
    return publish_scores(context, core, scores, computed=missing, reused=total - missing)


@dataclass(frozen=True)
class Job:
    """One classifier on one evaluation set."""

    name: str
    classifier: ZarClassifier
    asked: EvaluationSet


@dataclass(frozen=True)
class Tuning:
    """Tunes prompts to videos, or finds what was tuned before."""

    store: Store
    dataset: Dataset
    models: Models
    fingerprint: str

    def missing(self, job: Job, frames: Mapping[str, FramesOf]) -> int:
        """Count the videos that are not tuned yet."""
        keys = [self._key(job, frames[video]) for video in job.asked.videos]
        return sum(not self.store.has_arrays(KIND, key) for key in keys)

    def run(self, job: Job, frames: Mapping[str, FramesOf]) -> list[SetScores]:
        """Return the scores of a set, adapted and not."""
        found = self._tuned(job, [frames[video] for video in job.asked.videos])
        said = json.dumps(job.classifier.model_dump(mode="json"), sort_keys=True)
        n_frames = [int(arrays["n_frames"][0]) for arrays in found]
        skipped = sum(int(arrays["is_skipped"][0]) for arrays in found)
        return [
            SetScores(
                job.name + suffix,
                said,
                job.asked,
                np.stack([arrays[logits] for arrays in found]),
                n_frames,
                skipped if logits == "logits" else 0,
            )
            for suffix, logits in (("", "logits"), (UNADAPTED, "unadapted_logits"))
        ]

    def _tuned(self, job: Job, videos: Sequence[FramesOf]) -> list[Arrays]:
        tuner: Any = None
        for known in videos:
            key = self._key(job, known)
            if self.store.has_arrays(KIND, key):
                continue
            tuner = tuner or self._tuner(job)
            self.store.save_arrays(KIND, key, _tune(tuner, job.classifier, known))
        return [self.store.load_arrays(KIND, self._key(job, known)) for known in videos]

    def _tuner(self, job: Job) -> Any:  # noqa: ANN401 - imported late, with torch
        from zs_dagster.models.prompt_tuning.tuner import PromptTuner

        encoder = self.models.clip(self.dataset.profile)
        names = [self.dataset.prompt_names[label] for label in job.asked.classes]
        parameters = zar_parameters(job.classifier)
        return PromptTuner(encoder.network, encoder.tokenize, names, parameters)

    def _key(self, job: Job, known: FramesOf) -> str:
        """Name a result: the views, the prompts, the parameters and the model."""
        names = [self.dataset.prompt_names[label] for label in job.asked.classes]
        said = job.classifier.model_dump(mode="json", exclude={"description"})
        video = (known.video["content_hash"], known.video["video_id"])
        return digest(KIND, VERSION, *video, self.fingerprint, said, names)


def zar_parameters(classifier: ZarClassifier) -> ZarParameters:
    """Return the parameters of the adaptation.

    Raises:
        InputError: If one is unknown or out of its range.
    """
    return ZarParameters.of(classifier.parameters)


def _tune(tuner: Any, classifier: ZarClassifier, known: FramesOf) -> Arrays:  # noqa: ANN401
    times = zar_views(known, classifier)
    bank = known.bank  # Once: it remembers the entries it has read.
    views = [
        bank.gather(window, crop).astype(np.float32)
        for window in times
        for crop in crop_names(classifier.crops)
    ]
    final = bank.gather(final_times(known, classifier), EVAL).astype(np.float32)
    tuned = tuner.tune(np.stack(views), final)
    return {
        "logits": tuned.logits.astype(np.float32),
        "unadapted_logits": tuned.unadapted_logits.astype(np.float32),
        "selected": tuned.selected,
        "entropy": np.array([tuned.entropy_before, tuned.entropy_after]),
        "is_skipped": np.array([int(tuned.is_skipped)]),
        "n_frames": np.array([np.unique(times).size + len(final)]),
    }
