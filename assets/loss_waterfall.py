"""Cached scores and segments -> how much mAP each stage of each method costs."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import numpy as np

from assets.ablations import of_plain_methods
from assets.charts import loss_chart
from assets.class_scores import SCORES, ClassScores, scored_videos
from assets.localization_metrics import labelled
from assets.pictures import picture
from assets.segments import MethodRun
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.evaluation.waterfall import Choices, waterfall
from zs_dagster.localization.frame_scores import span_ends
from zs_dagster.localization.parameters import ZealParameters
from zs_dagster.localization.zeal import Considered, considered
from zs_dagster.report.charts_png import charts_png
from zs_dagster.segments import LabelledSegments

Row = dict[str, Any]
Video = list[ClassScores]
Pair = tuple[str, str]


@stage(
    "localization",
    deps=[*SCORES, "annotations", "segments"],
    options=["methods", "protocol"],
)
def loss_waterfall(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per method and stage: the mAP still possible after it, and what it costs.

    Stages: sampling, class filter, for ZEAL candidates and pairs, segments, ranking. Random
    baselines are left out: they lose everything in their ranking.
    """
    dataset, tables = library.untrimmed(context.partition_key), home.get().tables
    annotated = tables.rows("annotations", dataset.name)
    truth = labelled([row for row in annotated if row["start_s"] is not None])
    segments = tables.rows("segments", dataset.name)
    videos = list(scored_videos(home.get(), dataset.name)) if len(truth) else []
    rows = [
        {"method": localizer.name, **row}
        for localizer in (_localizers(dataset) if videos else [])
        for row in _rows(
            localizer,
            (dataset, videos),
            truth,
            labelled([row for row in segments if row["method"] == localizer.name]),
        )
    ]
    chart = loss_chart(of_plain_methods(rows, dataset))
    shown = {"chart": picture(charts_png([chart]), "loss waterfall")} if chart else {}
    return publish(context, home.get(), rows, computed=len(rows), metadata=shown)


def _localizers(dataset: Dataset) -> list[MethodRun]:
    methods = dataset.localization.methods.items()
    return [MethodRun.of(name, m, {}) for name, m in methods if m.localizer != "random"]


def _rows(
    localizer: MethodRun,
    scored: tuple[Dataset, list[Video]],
    truth: LabelledSegments,
    found: LabelledSegments,
) -> Iterator[Row]:
    dataset, videos = scored
    answered = {
        (scores.video_id, scores.label): scores
        for video in videos
        for scores in localizer.chosen(video, dataset.classes)
    }
    grid = {video[0].video_id: _grid(video[0], localizer) for video in videos}
    pairs = set(zip(truth.video_id.tolist(), truth.label.tolist(), strict=True))
    stages = {
        "sampling": {pair: grid[pair[0]] for pair in pairs if pair[0] in grid},
        "class filter": {pair: grid[pair[0]] for pair in pairs if pair in answered},
    }
    answers = _answers(found)
    if isinstance(localizer.parameters, ZealParameters):
        choices = {
            p: _considered(answered[p], localizer.parameters) for p in stages["class filter"]
        }
        stages["candidates"] = {pair: _candidates(made) for pair, made in choices.items()}
        stages["pairs"] = {
            pair: _joined(_pairs(made), answers.get(pair)) for pair, made in choices.items()
        }
    stages["segments"] = {pair: answers[pair] for pair in pairs if pair in answers}
    protocol = get_protocol(dataset.localization.protocol)
    for step in waterfall(stages, truth, found, protocol):
        yield {
            "stage": step.name,
            "protocol": protocol.name,
            "average_mAP": step.average_map,
            "loss": step.loss,
        }


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


def _answers(found: LabelledSegments) -> dict[Pair, Choices]:
    rows: dict[Pair, list[int]] = {}
    pairs = zip(found.video_id.tolist(), found.label.tolist(), strict=True)
    for row, pair in enumerate(pairs):
        rows.setdefault(pair, []).append(row)
    start_s, end_s = found.segments.start_s, found.segments.end_s
    return {pair: Choices(start_s[index], end_s[index]) for pair, index in rows.items()}


def _joined(made: Choices, answered: Choices | None) -> Choices:
    """Count segments merged from two pairs as pairs: what follows may answer them."""
    if answered is None:
        return made
    return Choices(
        np.concatenate([made.start_s, answered.start_s]),
        np.concatenate([made.end_s, answered.end_s]),
    )
