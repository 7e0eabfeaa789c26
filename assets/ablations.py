"""Cached scores -> what every parameter is worth: the papers' figures, for any dataset."""

import math
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.backbones import backbone_ranks, complete_backbones
from assets.cached_predictions import FILTER, CachedPredictions
from assets.cached_scores import CachedScores, read_scores
from assets.charts import ablation_charts
from assets.class_scores import SCORES
from assets.markdown import picture
from assets.reuse import Resources, Reuse
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import Dataset
from zs_dagster.evaluation.bootstrap import Resampling, bootstrap_average_map
from zs_dagster.evaluation.class_filter import filter_quality
from zs_dagster.evaluation.figures import AVERAGE, Figure, load_figures
from zs_dagster.evaluation.grid import Value
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.home import Home
from zs_dagster.report.charts_png import charts_png

Row = dict[str, Any]
RESAMPLING = Resampling(num_resamples=200)
FILTER_METHOD, PROFILE = "class-filter", "profile"


def _backbones(dataset: Dataset, resources: Resources) -> dict[str, str]:
    return complete_backbones(resources["home"].get(), resources["models"].get(), dataset)


@stage(
    "localization",
    deps=[*SCORES, "annotations", "class_queries"],
    options=["methods", "protocol", "top_k", "filter_frames", "filter_text", "fps"],
    reuse=Reuse(also=_backbones),
)
def ablations(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """One row per figure, method and setting, from cached scores; nothing is scored anew.

    The first plain method of each ZEAL preset is taken through the figures of
    `zs_dagster/evaluation/figures.yaml`; intervals are of 200 resamples of the videos.
    """
    dataset, where = library.untrimmed(context.partition_key), home.get()
    clips = complete_backbones(where, models.get(), dataset)
    rows = figure_rows(where, dataset, clips)
    charts = ablation_charts(rows)
    shown = {"charts": picture(charts_png(charts), "ablations")} if charts else {}
    return publish(context, where, rows, metadata=shown)


def figure_rows(home: Home, dataset: Dataset, clips: Mapping[str, str]) -> list[Row]:
    """Return the rows of all figures; none without ground truth."""
    scores = read_scores(home, dataset)
    if not len(scores.truth):
        return []
    figure = next(figure for figure in load_figures() if figure.parameter == PROFILE)
    return [
        *map_rows(scores),
        *filter_rows(scores),
        *(
            row
            for name, fingerprint in clips.items()
            for row in quality_rows(
                figure,
                name,
                backbone_ranks(home, dataset, fingerprint),
                scores,
                dataset.localization.top_k,
            )
        ),
    ]


def map_rows(scores: CachedScores) -> list[Row]:
    """Return average mAP with an interval at every setting of every figure about it."""
    dataset, rows = scores.dataset, []
    protocol = get_protocol(dataset.localization.protocol)
    about_map = [figure for figure in load_figures() if AVERAGE in figure.metrics]
    for name in plain_methods(dataset):
        predict = CachedPredictions(scores, name)
        for figure in about_map:
            for value in figure.settings(dataset.localization.fps):
                segments = predict({figure.parameter: value})
                found = bootstrap_average_map(
                    scores.truth, segments, protocol, resampling=RESAMPLING
                )
                ends = (found.low, found.high)
                rows.append(row_of(figure, name, value, AVERAGE, found.value, ends))
    return rows


def plain_methods(dataset: Dataset) -> list[str]:
    """Return the first method of each ZEAL preset that sets no parameter of its own."""
    found: dict[str, str] = {}
    for name, method in dataset.localization.methods.items():
        is_plain = method.localizer == "zeal" and not method.parameters
        if is_plain and method.candidates == "filtered":
            found.setdefault(method.preset, name)
    return list(found.values())


def of_plain_methods(rows: list[Row], dataset: Dataset) -> list[Row]:
    """Return the rows of those methods, for a chart that few bars keep readable."""
    names = plain_methods(dataset)
    return [row for row in rows if row["method"] in names]


def filter_rows(scores: CachedScores) -> list[Row]:
    """Return precision and recall of the class filter at every setting of its figures."""
    present = scores.dataset.localization
    settings = [
        (figure, value, present.model_copy(update={figure.parameter: value}))
        for figure in load_figures()
        if figure.parameter in FILTER
        for value in figure.values
    ]
    scores.rank([(options.filter_text, options.filter_frames) for *_, options in settings])
    rows = []
    for figure, value, options in settings:
        # Keeping more classes than there are is keeping all.
        if options.top_k <= len(scores.dataset.classes):
            ranks = scores.ranks(options.filter_text, options.filter_frames)
            rows += quality_rows(figure, value, ranks, scores, options.top_k)
    return rows


def quality_rows(
    figure: Figure,
    value: Value,
    ranks: Mapping[str, Mapping[str, int]],
    scores: CachedScores,
    k: int,
) -> list[Row]:
    """Return two rows: precision and recall of the k best classes of each video."""
    best = {video: sorted(of, key=of.__getitem__) for video, of in ranks.items()}
    quality = filter_quality(best, scores.known, k)
    numbers = {"filter_precision": quality.precision, "filter_recall": quality.recall}
    return [row_of(figure, FILTER_METHOD, value, name, n) for name, n in numbers.items()]


def row_of(
    figure: Figure,
    method: str,
    value: Value,
    metric: str,
    number: float,
    interval: tuple[float, float] = (math.nan, math.nan),
) -> Row:
    """Return one row of the table; a number that does not exist is left empty."""
    published = figure.published.get(value) if metric == AVERAGE else None
    return {
        "figure": figure.name,
        "method": method,
        "parameter": figure.parameter,
        "setting": str(value),
        "metric": metric,
        "value": _finite(number),
        "low": _finite(interval[0]),
        "high": _finite(interval[1]),
        "published": published,
    }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
