"""Which frames of a clip each classifier looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.feature_rows import Video, bank_name
from assets.frame_evidence import frame_times, load_evidence
from zs_dagster.datasets.classification import (
    CezsarClassifier,
    Classifier,
    ClipClassifier,
    ZarClassifier,
)
from zs_dagster.datasets.description import Dataset
from zs_dagster.frame_features.bank import FeatureBank, Times, Wanted
from zs_dagster.models.crops import EVAL, crop_names
from zs_dagster.store import Store
from zs_dagster.video.adaptive import uniform_indices
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.frames import TIME_TOLERANCE_S
from zs_dagster.video.samplers import Evidence, sample, sampler
from zs_dagster.video.windows import Windows, window_times


@dataclass(frozen=True)
class FramesOf:
    """The frames of one video, and what is known of them.

    Attributes:
        times: Shape ``(T,)``, when each is shown, seconds.
    """

    store: Store
    video: Video
    fingerprint: str
    times: Times

    @classmethod
    def find(
        cls, store: Store, pool: Decoders | None, video: Video, fingerprint: str
    ) -> "FramesOf":
        """Find the frames of a video; see `frame_times` for what can go wrong."""
        return cls(store, video, fingerprint, frame_times(store, pool, video))

    @property
    def bank(self) -> FeatureBank:
        """The feature bank of the video."""
        return FeatureBank(self.store, bank_name(self.video, self.fingerprint))

    def evidence(self, needs: str, seed: int, confidence: Any = None) -> Evidence:  # noqa: ANN401
        """Gather what a sampler needs."""
        n = len(self.times)
        found: dict[str, Any] = {"confidence": confidence}
        if needs == "features":
            found["features"] = self.bank.gather(self.times, EVAL).astype(np.float64)
        if needs == "cuts":
            found["cuts"] = load_evidence(self.store, self.video)["cuts"].tolist()
        if needs == "motion":
            found["motion"] = load_evidence(self.store, self.video)["motion"]
        return Evidence(
            n,
            fps=float(self.video["fps"] or 1),
            video_id=str(self.video["video_id"]),
            seed=seed,
            **found,
        )


def wanted_views(dataset: Dataset, known: FramesOf) -> Wanted:
    """Return what the classifiers of a dataset look at: crop -> times."""
    options, wanted = dataset.classification, dict[str, list[Times]]()
    for classifier in options.classifiers.values():
        for crop, times in _views(classifier, known).items():
            wanted.setdefault(crop, []).append(times)
    if options.fill == "dense":
        wanted = {crop: [known.times] for crop in wanted}
    return {crop: np.unique(np.concatenate(times)) for crop, times in wanted.items()}


def is_watched(dataset: Dataset) -> bool:
    """Say whether a sampler of the dataset looks for cuts or motion."""
    samplers = [
        sampler(classifier.sampler)
        for classifier in dataset.classification.classifiers.values()
        if isinstance(classifier, ClipClassifier)
    ]
    return any(one.source == "thumbnails" for one in samplers)


def _views(classifier: Classifier, known: FramesOf) -> Mapping[str, Times]:
    if isinstance(classifier, ZarClassifier):
        times = zar_views(known, classifier).ravel()
        views = dict.fromkeys(crop_names(classifier.crops), times)
        return {**views, EVAL: final_times(known, classifier)}
    if isinstance(classifier, CezsarClassifier):
        return {EVAL: uniform_times(known, classifier.frames)}
    if sampler(classifier.sampler).needs:
        # What looks at the video before it chooses looks at all of it.
        return {EVAL: known.times}
    return {EVAL: chosen_times(known, classifier)}


def chosen_times(known: FramesOf, classifier: ClipClassifier, confidence: Any = None) -> Times:  # noqa: ANN401
    """Return the times of the frames a CLIP classifier looks at, ``(F,)``."""
    evidence = known.evidence(sampler(classifier.sampler).needs, classifier.seed, confidence)
    return known.times[sample(classifier.sampler, evidence, classifier.frames)]


def final_times(known: FramesOf, classifier: ZarClassifier) -> Times:
    """Return the times of the frames of ZAR's final view, ``(F,)``."""
    return uniform_times(known, classifier.frames_eval)


def uniform_times(known: FramesOf, count: int) -> Times:
    """Return the times of the middle frames of equal parts, ``(F,)``, at most ``count``."""
    return known.times[uniform_indices(len(known.times), count)]


def segment_times(known: FramesOf, start_s: float, end_s: float, fps: float) -> Times:
    """Return the times of the frames looked at in a segment, ``(F,)``, at least one.

    They are what is shown in the middle of equal parts, about ``fps`` of them a second.
    """
    count = max(1, int((end_s - start_s) * fps))
    asked = start_s + (np.arange(count) + 0.5) * (end_s - start_s) / count
    shown = np.searchsorted(known.times, asked + TIME_TOLERANCE_S, side="right") - 1
    times: Times = known.times[np.unique(np.maximum(shown, 0))]
    return times


def segment_views(known: FramesOf, captions: Sequence[Mapping[str, Any]], fps: float) -> Wanted:
    """Return what training looks at in a video with captions, rows of the table `captions`."""
    times = [segment_times(known, one["start_s"], one["end_s"], fps) for one in captions]
    return {EVAL: np.unique(np.concatenate(times))}


def zar_views(known: FramesOf, classifier: ZarClassifier) -> Times:
    """Return the times of the frames of every window, ``(Q M, F)``; some may repeat."""
    windows = Windows(
        classifier.rates, classifier.windows, classifier.frames, classifier.is_jittered
    )
    video_id = str(known.video["video_id"])
    asked = window_times(
        float(known.video["duration_s"]), windows, seed=classifier.seed, video_id=video_id
    )
    shown = np.searchsorted(known.times, asked + TIME_TOLERANCE_S, side="right") - 1
    return known.times[np.maximum(shown, 0)]
