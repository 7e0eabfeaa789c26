"""Cached scores and segments -> how much mAP each stage of each method costs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from zs_dagster.evaluation.waterfall import Choices, waterfall
from zs_dagster.localization.frame_scores import span_ends
from zs_dagster.localization.parameters import ZealParameters
from zs_dagster.localization.zeal import Considered, considered
from zs_dagster.report.charts_png import charts_png
from zs_dagster.segments import LabelledSegments

Row = dict[str, Any]
Video = list[ClassScores]
Pair = tuple[str, str]
Stages = dict[str, dict[Pair, Choices]]
"""Stage -> video and class -> what may still be answered."""


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
    localizers = _localizers(dataset)
    videos = scored_videos(where, dataset.name) if len(truth) else ()
    choices = _choices(localizers, videos, truth, dataset.classes)
    found = found_segments(where, dataset.name, choices)
    protocol = get_protocol(dataset.localization.protocol)
    rows = [
        {"method": name, **row}
        for name, stages in choices.items()
        for row in _rows(stages, truth, found[name], protocol)
    ]
    chart = loss_chart(of_plain_methods(rows, dataset))
    shown = {"chart": picture(charts_png([chart]), "loss waterfall")} if chart else {}
    return publish(context, where, rows, metadata=shown)


def _localizers(dataset: Dataset) -> list[MethodRun]:
    methods = dataset.localization.methods.items()
    return [MethodRun.of(name, m, {}) for name, m in methods if m.localizer != "random"]


def _choices(
    localizers: Sequence[MethodRun],
    videos: Iterable[Video],
    truth: LabelledSegments,
    classes: Sequence[str],
) -> dict[str, Stages]:
    """Return per method what may still be answered of the true pairs after each stage."""
    true: dict[str, set[str]] = {}
    for video_id, label in zip(truth.video_id.tolist(), truth.label.tolist(), strict=True):
        true.setdefault(video_id, set()).add(label)
    found: dict[str, Stages] = {}
    for video in videos:
        for localizer in localizers:
            stages = found.setdefault(localizer.name, _no_stages(localizer))
            answered = {one.label: one for one in localizer.chosen(video, classes)}
            _add(stages, localizer, video[0], true.get(video[0].video_id, ()), answered)
    return found


def _no_stages(localizer: MethodRun) -> Stages:
    zeal = ["candidates", "pairs"] if isinstance(localizer.parameters, ZealParameters) else []
    return {name: {} for name in ["sampling", "class filter", *zeal]}


def _add(
    stages: Stages,
    localizer: MethodRun,
    sampled: ClassScores,
    true: Iterable[str],
    answered: Mapping[str, ClassScores],
) -> None:
    """Add the true classes of one video to the stages."""
    grid = _grid(sampled, localizer)
    for label in true:
        pair = (sampled.video_id, label)
        stages["sampling"][pair] = grid
        if label in answered:
            stages["class filter"][pair] = grid
            if isinstance(localizer.parameters, ZealParameters):
                made = _considered(answered[label], localizer.parameters)
                stages["candidates"][pair] = _candidates(made)
                stages["pairs"][pair] = _pairs(made)


def _rows(
    stages: Stages,
    truth: LabelledSegments,
    found: LabelledSegments,
    protocol: LocalizationProtocol,
) -> Iterator[Row]:
    answers = _answers(found)
    if "pairs" in stages:
        made = stages["pairs"]
        stages["pairs"] = {pair: _joined(of, answers.get(pair)) for pair, of in made.items()}
    stages["segments"] = {p: answers[p] for p in stages["sampling"] if p in answers}
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
