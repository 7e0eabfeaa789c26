"""Cached scores and segments -> how much mAP each stage of each method costs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
import numpy as np

from assets.ablations import of_plain_methods
from assets.charts import loss_chart
from assets.class_scores import SCORES, ClassScores, scored_videos
from assets.labelled import found_segments, true_segments
from assets.markdown import picture
from assets.reuse import Reuse
from assets.segments import MethodRun
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.evaluation.protocols import LocalizationProtocol, get_protocol
from zs_dagster.evaluation.waterfall import (
    Choices,
    Oracle,
    Pair,
    rows_of_pairs,
    waterfall,
)
from zs_dagster.home import Home
from zs_dagster.localization.frame_scores import span_ends
from zs_dagster.localization.parameters import ZealParameters
from zs_dagster.localization.zeal import Considered, considered
from zs_dagster.report.charts_png import charts_png
from zs_dagster.segments import LabelledSegments

Row = dict[str, Any]
Video = list[ClassScores]
BEFORE = ("sampling", "class filter")
OF_ZEAL = ("candidates", "pairs")
SEGMENTS = "segments"


@stage(
    "localization",
    deps=[*SCORES, "annotations", "segments"],
    options=["methods", "protocol"],
    reuse=Reuse(),
)
def loss_waterfall(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per method and stage: the mAP still possible after it, and what it costs.

    Stages: sampling, class filter, for ZEAL candidates and pairs, segments, ranking. Random
    baselines are left out: they lose everything in their ranking.
    """
    dataset, where = library.untrimmed(context.partition_key), home.get()
    truth = true_segments(where, dataset.name)
    rows = list(_rows(where, dataset, truth)) if len(truth) else []
    chart = loss_chart(of_plain_methods(rows, dataset))
    shown = {"chart": picture(charts_png([chart]), "loss waterfall")} if chart else {}
    return publish(context, where, rows, metadata=shown)


def _rows(home: Home, dataset: Dataset, truth: LabelledSegments) -> Iterator[Row]:
    """Yield the rows of all methods; each video is looked at once, and none is held."""
    protocol = get_protocol(dataset.localization.protocol)
    localizers = _localizers(dataset)
    found = found_segments(home, dataset.name, [one.name for one in localizers])
    true = _classes_by_video(truth)
    accounts = [_Account(one, truth, found[one.name], protocol) for one in localizers]
    for video in scored_videos(home, dataset.name):
        for account in accounts:
            account.add(video, true.get(video[0].video_id, ()), dataset.classes)
    for account in accounts:
        yield from account.rows()


def _localizers(dataset: Dataset) -> list[MethodRun]:
    methods = dataset.localization.methods.items()
    return [MethodRun.of(name, m, {}) for name, m in methods if m.localizer != "random"]


def _classes_by_video(truth: LabelledSegments) -> dict[str, list[str]]:
    true: dict[str, list[str]] = {}
    for video_id, label in dict.fromkeys(
        zip(truth.video_id.tolist(), truth.label.tolist(), strict=True)
    ):
        true.setdefault(video_id, []).append(label)
    return true


class _Account:
    """What may still be answered of the true pairs after each stage of one method."""

    def __init__(
        self,
        localizer: MethodRun,
        truth: LabelledSegments,
        found: LabelledSegments,
        protocol: LocalizationProtocol,
    ) -> None:
        self._localizer, self._truth, self._found = localizer, truth, found
        self._protocol, self._is_told = protocol, False
        is_zeal = isinstance(localizer.parameters, ZealParameters)
        names = (*BEFORE, *(OF_ZEAL if is_zeal else ()), SEGMENTS)
        self._oracles = {name: Oracle(truth, protocol.thresholds) for name in names}
        true = set(zip(truth.video_id.tolist(), truth.label.tolist(), strict=True))
        self._answers = rows_of_pairs(found, true)

    def add(self, video: Video, true: Iterable[str], classes: Sequence[str]) -> None:
        """Add the true classes of one video to the stages."""
        answered = {one.label: one for one in self._localizer.chosen(video, classes)}
        sampled, parameters = video[0], self._localizer.parameters
        grid = _grid(sampled, self._localizer)
        for label in true:
            pair = (sampled.video_id, label)
            left = {"sampling": grid}
            if label in answered:
                left["class filter"] = grid
                if isinstance(parameters, ZealParameters):
                    left |= self._of_zeal(pair, _considered(answered[label], parameters))
            if pair in self._answers:
                left[SEGMENTS] = self._answered(pair)
            for name, choices in left.items():
                self._oracles[name].add(pair, choices)
        self._is_told = True

    def rows(self) -> Iterator[Row]:
        """Yield a row per stage; none where no video was added."""
        steps = (
            waterfall(self._oracles, self._truth, self._found, self._protocol)
            if self._is_told
            else []
        )
        for step in steps:
            yield {
                "method": self._localizer.name,
                "stage": step.name,
                "protocol": self._protocol.name,
                "average_mAP": step.average_map,
                "loss": step.loss,
            }

    def _of_zeal(self, pair: Pair, made: Considered) -> dict[str, Choices]:
        pairs = _pairs(made)
        if pair in self._answers:
            pairs = _joined(pairs, self._answered(pair))
        return {"candidates": _candidates(made), "pairs": pairs}

    def _answered(self, pair: Pair) -> Choices:
        rows, segments = self._answers[pair], self._found.segments
        return Choices(segments.start_s[rows], segments.end_s[rows])


def _considered(scores: ClassScores, parameters: ZealParameters) -> Considered:
    return considered(scores.confidence, scores.time_s, scores.end_s, parameters)


def _grid(scores: ClassScores, localizer: MethodRun) -> Choices:
    """Every interval between two sampled borders of a video."""
    if isinstance(localizer.parameters, ZealParameters):
        made = _considered(scores, localizer.parameters)
        return Choices(made.start_of, made.end_of, is_product=True)
    return Choices(scores.time_s, span_ends(scores.time_s, scores.end_s), is_product=True)


def _candidates(made: Considered) -> Choices:
    return Choices(made.start_of[made.starts], made.end_of[made.ends], is_product=True)


def _pairs(made: Considered) -> Choices:
    return Choices(made.start_of[made.pairs[:, 0]], made.end_of[made.pairs[:, 1]])


def _joined(made: Choices, answered: Choices) -> Choices:
    """Count segments merged from two pairs as pairs: what follows may answer them."""
    return Choices(
        np.concatenate([made.start_s, answered.start_s]),
        np.concatenate([made.end_s, answered.end_s]),
    )
