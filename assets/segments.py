"""Cached scores -> scored segments, by every method of the dataset; nothing is scored here."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import dagster as dg
from pydantic import Field
from typing_extensions import override

from assets.class_scores import SCORES, ClassScores, scored_videos
from assets.reuse import Reuse
from assets.stage import RowsVersion, stage
from assets.trials import Trial
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.localization import Method
from zs_dagster.localization.localizer import Localize
from zs_dagster.localization.methods import method_parameters
from zs_dagster.localization.registry import get_localizer
from zs_dagster.segments import Segments


class SegmentsConfig(Trial):
    """Parameters to try; a method that fixes one itself keeps its own."""

    parameters: dict[str, float] = Field(
        default={}, description="ZEAL parameter -> value, for example confidence_weight: 0.5."
    )

    def runs(self, dataset: Dataset) -> "list[MethodRun]":
        """Start every method of a dataset; see `MethodRun`."""
        methods = dataset.localization.methods.items()
        return [MethodRun.of(name, method, self.parameters) for name, method in methods]

    @override
    def check(self, dataset: Dataset) -> None:
        """Refuse parameters that no method takes, or out of their range.

        Raises:
            InputError: Naming the parameter.
        """
        self.runs(dataset)


@dataclass(frozen=True)
class MethodRun:
    """One method of a dataset, started; its parameters are checked before any video is read.

    Attributes:
        name: As the dataset calls it.
        method: What the dataset says.
        parameters: Of its localizer, defaults included.
        localize: Takes the classes it may answer in a video.
        order: Videos in the order seen, where a result depends on those before it.
    """

    name: str
    method: Method
    parameters: Any
    localize: Localize
    order: list[str] | None

    @classmethod
    def of(cls, name: str, method: Method, tried: Mapping[str, float]) -> "MethodRun":
        """Join what the dataset file fixes with what this run tries."""
        found = get_localizer(method.localizer)
        parameters = method_parameters(
            method.localizer, method.preset, method.parameters, tried
        )
        order: list[str] | None = [] if found.remembers(parameters) else None
        return cls(name, method, parameters, found.start(parameters, method.seed), order)

    def described(self) -> dict[str, Any]:
        """Return what produced the segments of this method, defaults included."""
        said = self.method.model_dump(mode="json", exclude={"description", "parameters"})
        said |= {"parameters": asdict(self.parameters)}
        said |= {} if self.order is None else {"video_order": self.order}
        return {"method": self.name, "parameters": json.dumps(said, sort_keys=True)}

    def chosen(self, video: list[ClassScores], labels: Sequence[str]) -> list[ClassScores]:
        """Return what the method may answer in a video, one item per class."""
        if self.method.candidates == "any":
            # Random scores need no more than the name of the class and the sampled times.
            return [replace(video[0], label=label) for label in labels]
        is_filtered = self.method.candidates == "filtered"
        return [s for s in video if (s.is_candidate if is_filtered else s.is_known)]

    def rows(self, video: list[ClassScores], labels: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the segments of a video, class by class, best first."""
        classes = self.chosen(video, labels)
        if self.order is not None and classes:
            self.order.append(classes[0].video_id)
        for scores, found in zip(classes, self.localize(classes), strict=True):
            yield from _rows(self.name, scores, found.segments)


@stage("localization", deps=SCORES, options=["methods"], reuse=Reuse(writes=("methods",)))
def segments(
    context: dg.AssetExecutionContext,
    config: SegmentsConfig,
    home: HomeResource,
    library: VideoLibrary,
) -> dg.MaterializeResult:
    """One row per segment and method, best first; seconds, half-open."""
    dataset = library.untrimmed(context.partition_key)
    runs = config.runs(dataset)
    rows = (
        row
        for video in scored_videos(home.get(), dataset.name)
        for run in runs
        for row in run.rows(video, dataset.classes)
    )
    tables, version = home.get().tables, RowsVersion()
    tables.write("segments", dataset.name, version.passing(rows))
    n_segments = version.count
    methods = [run.described() for run in runs]
    tables.write("methods", dataset.name, version.passing(methods))
    return version.result(computed=n_segments)


def _rows(method: str, scores: ClassScores, found: Segments) -> Iterator[dict[str, Any]]:
    columns = (found.start_s.tolist(), found.end_s.tolist(), found.score.tolist())
    for rank, (start_s, end_s, score) in enumerate(zip(*columns, strict=True), start=1):
        yield {
            "method": method,
            "video_id": scores.video_id,
            "label": scores.label,
            "rank": rank,
            "start_s": start_s,
            "end_s": end_s,
            "score": score,
        }
