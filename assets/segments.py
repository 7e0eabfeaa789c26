"""Cached scores -> scored segments, by every method of the dataset; nothing is scored here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import dagster as dg
from pydantic import Field

from assets.class_scores import SCORES, ClassScores, scored_videos
from assets.stage import stage, versioned
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.localization import Method
from zs_dagster.localization.clip_only import ClipOnlyParameters, clip_only
from zs_dagster.localization.methods import Parameters, method_parameters
from zs_dagster.localization.proposals import Proposals
from zs_dagster.localization.random_scores import random_scores
from zs_dagster.localization.zeal import localize


class SegmentsConfig(dg.Config):
    """Parameters to try; a method that fixes one itself keeps its own."""

    parameters: dict[str, float] = Field(
        default={}, description="ZEAL parameter -> value, for example confidence_weight: 0.5."
    )


@dataclass(frozen=True)
class Localizer:
    """One method of a dataset with its parameters, checked before any video is read."""

    name: str
    method: Method
    parameters: Parameters

    @classmethod
    def of(cls, name: str, method: Method, tried: Mapping[str, float]) -> "Localizer":
        """Join what the dataset file fixes with what this run tries."""
        given = method.parameters
        parameters = method_parameters(method.localizer, method.preset, given, tried)
        return cls(name, method, parameters)

    def described(self) -> dict[str, Any]:
        """Return what produced the segments of this method, defaults included."""
        said = self.method.model_dump(mode="json", exclude={"description", "parameters"})
        text = json.dumps(said | {"parameters": asdict(self.parameters)}, sort_keys=True)
        return {"method": self.name, "parameters": text}

    def chosen(self, video: list[ClassScores], labels: Sequence[str]) -> list[ClassScores]:
        """Return what the method may answer in a video, one item per class."""
        if self.method.candidates == "any":
            # Random scores need no more than the name of the class and the sampled times.
            return [replace(video[0], label=label) for label in labels]
        is_filtered = self.method.candidates == "filtered"
        return [s for s in video if (s.is_candidate if is_filtered else s.is_known)]

    def localize(self, scores: ClassScores) -> Proposals:
        """Find the segments of one class in one video."""
        confidence, actionness = scores.confidence, scores.actionness
        if isinstance(self.parameters, ClipOnlyParameters):
            return clip_only(actionness, scores.time_s, scores.end_s, self.parameters)
        if self.method.localizer == "random":
            confidence, actionness = random_scores(
                len(scores.time_s),
                seed=self.method.seed,
                video_id=scores.video_id,
                label=scores.label,
            )
        return localize(confidence, actionness, scores.time_s, scores.end_s, self.parameters)


@stage("localization", deps=SCORES, options=["methods"])
def segments(
    context: dg.AssetExecutionContext,
    config: SegmentsConfig,
    home: HomeResource,
    library: VideoLibrary,
) -> dg.MaterializeResult:
    """One row per segment and method, best first; seconds, half-open."""
    dataset = library.untrimmed(context.partition_key)
    localizers = [
        Localizer.of(name, method, config.parameters)
        for name, method in dataset.localization.methods.items()
    ]
    rows = [
        row
        for video in scored_videos(home.get(), dataset.name)
        for localizer in localizers
        for scores in localizer.chosen(video, dataset.classes)
        for row in _rows(localizer, scores)
    ]
    methods = [localizer.described() for localizer in localizers]
    home.get().tables.write("segments", dataset.name, rows)
    home.get().tables.write("methods", dataset.name, methods)
    return versioned([*rows, *methods], computed=len(rows))


def _rows(localizer: Localizer, scores: ClassScores) -> list[dict[str, Any]]:
    found = localizer.localize(scores).segments
    return [
        {
            "method": localizer.name,
            "video_id": scores.video_id,
            "label": scores.label,
            "rank": rank,
            "start_s": start_s,
            "end_s": end_s,
            "score": score,
        }
        for rank, (start_s, end_s, score) in enumerate(
            zip(
                found.start_s.tolist(), found.end_s.tolist(), found.score.tolist(), strict=True
            ),
            start=1,
        )
    ]
