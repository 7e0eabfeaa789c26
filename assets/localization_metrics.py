"""Segments against ground truth -> metrics with intervals and provenance."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from assets.labelled import found_segments, true_segments
from assets.markdown import picture
from assets.provenance_card import write_card
from assets.stage import stage, versioned
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest
from zs_dagster.errors import StoreError
from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import Interval, bootstrap_average_map, compare_average_map
from zs_dagster.evaluation.class_filter import filter_quality
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.home import Home
from zs_dagster.models.loading import Models
from zs_dagster.provenance import git_commit, utc_now
from zs_dagster.report.data import MetricRow
from zs_dagster.report.timeline import metrics_png
from zs_dagster.segments import LabelledSegments

Row = dict[str, Any]
AVERAGE = "average_mAP"
# What everything has to beat; the first method is said to be so many times as good.
BASELINES = frozenset({"clip-only", "random"})
READ = ["segments", "annotations", "candidate_classes", "class_queries"]


@stage("localization", deps=READ, options=["protocol"])
def localization_metrics(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """MAP per method and threshold with bootstrap intervals; quality of the class filter.

    Fractions, not percent. Every row carries what produced it; `metrics_history` keeps the
    rows of all runs.
    """
    dataset, tables = library.untrimmed(context.partition_key), home.get().tables
    truth = true_segments(home.get(), dataset.name)
    methods = {row["method"]: row["parameters"] for row in tables.rows("methods", dataset.name)}
    if set(methods) != set(dataset.localization.methods):
        raise StoreError(
            f"methods of '{dataset.name}' changed since its segments were found; "
            "materialise `segments` first"
        )
    found = found_segments(home.get(), dataset.name, methods)
    metrics, per_class = ([], []) if not len(truth) else _evaluate(dataset, truth, found)
    if len(truth):
        metrics += _filter_rows(tables.each_row("candidate_classes", dataset.name))
    source = _provenance(home.get(), models.get(), dataset) | {"run_id": context.run.run_id}
    rows = [
        {
            "low": None,
            "high": None,
            "parameters": methods.get(row["method"], "{}"),
            **row,
            **source,
        }
        for row in metrics
        if math.isfinite(row["value"])
    ]
    classes = [row | {"run_id": context.run.run_id} for row in per_class]
    tables.write("localization_metrics", dataset.name, rows)
    tables.write("metrics_history", dataset.name, rows, context.run.run_id)
    tables.write("class_metrics", dataset.name, classes)
    card = write_card(context, home.get(), models.get(), dataset, rows)
    return versioned(rows, computed=len(rows), metadata=_shown(rows) | card)


def _shown(rows: list[Row]) -> dict[str, Any]:
    """Return the average of each method, which the UI plots over time, and a chart of all."""
    averages = [row for row in rows if row["metric"] == AVERAGE]
    bars = [
        MetricRow(row["method"], "", {AVERAGE: row["value"]}, (row["low"], row["high"]))
        for row in averages
        if row["low"] is not None
    ]
    shown: dict[str, Any] = {f"{row['method']} {AVERAGE}": row["value"] for row in averages}
    return shown | ({"chart": picture(metrics_png(bars), AVERAGE)} if bars else {})


def _evaluate(
    dataset: Dataset, truth: LabelledSegments, found: Mapping[str, LabelledSegments]
) -> tuple[list[Row], list[Row]]:
    """Return metric rows and per-class rows of all methods."""
    protocol = get_protocol(dataset.localization.protocol)
    metrics: list[Row] = []
    per_class: list[Row] = []
    for name, predictions in found.items():
        same = {"method": name, "protocol": protocol.name, "split": "all"}
        scores = evaluate(truth, predictions, protocol)
        interval = bootstrap_average_map(truth, predictions, protocol)
        metrics.append(same | _interval_row(AVERAGE, interval))
        for tiou, value in zip(protocol.thresholds, scores.mean_ap.tolist(), strict=True):
            metrics.append(same | {"metric": f"mAP@{tiou:g}", "value": value})
            per_class += [
                {"method": name, "protocol": protocol.name, "tiou": tiou}
                | {"label": label, "average_precision": float(ap)}
                for label, ap in zip(
                    scores.classes, scores.ap[protocol.thresholds.index(tiou)], strict=True
                )
            ]
    return metrics + _paired_rows(dataset, truth, found), per_class


def _paired_rows(
    dataset: Dataset, truth: LabelledSegments, found: Mapping[str, LabelledSegments]
) -> list[Row]:
    """Compare every other method with the first one on the same resampled videos.

    Baselines by the ratio of the first to them, others by their difference from the first.
    """
    protocol = get_protocol(dataset.localization.protocol)
    methods = dataset.localization.methods
    first = next(iter(methods))
    rows: list[Row] = []
    for name in [name for name in methods if name != first]:
        if methods[name].localizer in BASELINES:
            ratio = compare_average_map(truth, (found[name], found[first]), protocol).ratio
            subject, row = first, _interval_row(f"{AVERAGE}_over_{name}", ratio)
        else:
            change = compare_average_map(truth, (found[first], found[name]), protocol)
            subject = name
            row = _interval_row(f"{AVERAGE}_minus_{first}", change.difference)
        # Nothing is a finite multiple of a baseline that found nothing.
        if math.isfinite(row["value"]):
            rows.append({"method": subject, "protocol": protocol.name, "split": "all"} | row)
    return rows


def _interval_row(metric: str, interval: Interval) -> Row:
    """Return a number with its interval; without, where a resample made an end infinite."""
    ends = (interval.low, interval.high)
    low, high = ends if all(map(math.isfinite, ends)) else (None, None)
    return {"metric": metric, "value": interval.value, "low": low, "high": high}


def _filter_rows(rows: Iterable[Row]) -> list[Row]:
    candidates: dict[str, list[str]] = {}
    truth: dict[str, set[str]] = {}
    for row in rows:
        known = truth.setdefault(row["video_id"], set())
        if row["is_candidate"]:
            candidates.setdefault(row["video_id"], []).append(row["label"])
        if row["is_known"]:
            known.add(row["label"])
    quality = filter_quality(candidates, truth)
    same = {"method": "class-filter", "protocol": "top-k", "split": "all"}
    return [
        same | {"metric": "filter_precision", "value": quality.precision},
        same | {"metric": "filter_recall", "value": quality.recall},
    ]


def _provenance(home: Home, models: Models, dataset: Dataset) -> Row:
    return {
        "clip": models.clip_fingerprint(dataset.profile),
        "lvlm": models.lvlm_fingerprint(dataset.profile),
        "queries": digest(home.tables.rows("class_queries", dataset.name)),
        "git_commit": git_commit(),
        "created_at": utc_now(),
    }
