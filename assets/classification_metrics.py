"""Predicted classes against ground truth -> metrics with intervals and provenance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.class_calibration import calibration_rows
from assets.classified import (
    PREDICTIONS,
    Classified,
    classified,
    first_clip_method,
)
from assets.markdown import picture
from assets.provenance_card import write_card
from assets.stage import stage, versioned
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.classification import UNADAPTED, UNTRAINED
from zs_dagster.evaluation.accuracy import hits
from zs_dagster.evaluation.classification import ClassificationMetrics, evaluate_classes
from zs_dagster.evaluation.paired import compare_accuracy
from zs_dagster.evaluation.split_groups import group_numbers, harmonic_numbers
from zs_dagster.provenance import git_commit, utc_now
from zs_dagster.report.data import MetricRow
from zs_dagster.report.timeline import metrics_png

Row = dict[str, Any]
TOP1 = "top1"
ACCURACIES = (TOP1, "top5", "mean_class_accuracy")


@stage("classification", deps=PREDICTIONS)
def classification_metrics(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Accuracy and calibration per method and evaluation set; groups of sets; differences.

    Fractions, not percent. Every row carries what produced it; `classification_history` keeps
    the rows of all runs.
    """
    dataset, tables = library.trimmed(context.partition_key), home.get().tables
    found = [one for one in classified(home.get(), dataset) if one.truth]
    results = [evaluate_classes(one.outcome, one.split.classes) for one in found]
    single = [row for pair in zip(found, results, strict=True) for row in _single(*pair)]
    sure = [row for one in found for row in calibration_rows(one)]
    metrics = [*single, *sure, *_over_sets(single), *_paired(found, first_clip_method(dataset))]
    source = {
        "clip": models.get().clip_fingerprint(dataset.profile),
        "git_commit": git_commit(),
        "run_id": context.run.run_id,
        "created_at": utc_now(),
    }
    parameters = {one.method: one.parameters for one in found}
    rows = [
        {"low": None, "high": None, "parameters": parameters[row["method"]], **row, **source}
        for row in metrics
    ]
    tables.write("classification_metrics", dataset.name, rows)
    tables.write("classification_history", dataset.name, rows, context.run.run_id)
    classes = [row for pair in zip(found, results, strict=True) for row in _classes(*pair)]
    named = [row | {"run_id": context.run.run_id} for row in classes]
    tables.write("class_accuracy", dataset.name, named)
    card = write_card(context, home.get(), models.get(), dataset, rows)
    shown = {**_shown(rows, found, results), **card}
    return versioned(rows, computed=len(rows), metadata=shown)


def _single(one: Classified, result: ClassificationMetrics) -> Iterator[Row]:
    """Yield the numbers of one method on one set."""
    same = {"method": one.method, "split": one.split.name}
    for metric in ACCURACIES:
        known = getattr(result, metric)
        if known is not None:
            ends = {"low": known.low, "high": known.high}
            yield same | {"metric": metric, "value": known.value} | ends
    if one.reliability is not None:
        yield same | {"metric": "ece", "value": one.reliability.expected_error}
        yield same | {"metric": "nll", "value": one.negative_log_likelihood}


def _classes(one: Classified, result: ClassificationMetrics) -> Iterator[Row]:
    for label, videos, accuracy in result.per_class_rows:
        yield {"method": one.method, "split": one.split.name, "label": label} | {
            "videos": videos,
            "accuracy": accuracy,
        }


def _over_sets(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield mean and spread over numbered sets, and base against novel classes."""
    values: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        if row["metric"] in ACCURACIES:
            of_metric = values.setdefault((row["method"], row["metric"]), {})
            of_metric[row["split"]] = row["value"]
    for (method, metric), known in values.items():
        numbers = group_numbers(metric, known)
        numbers += harmonic_numbers(metric, known) if metric == TOP1 else []
        for split, name, value in numbers:
            yield {"method": method, "split": split, "metric": name, "value": value}


def _paired(found: Sequence[Classified], first: str | None) -> Iterator[Row]:
    """Yield differences on the same videos: to the first method, and to oneself unadapted."""
    by_key = {(one.split.name, one.method): one for one in found}
    for (split, method), one in by_key.items():
        for other in dict.fromkeys((first, f"{method}{UNADAPTED}", f"{method}{UNTRAINED}")):
            base = by_key.get((split, str(other)))
            if base is not None and other != method:
                yield from _difference(base, one)


def _difference(base: Classified, one: Classified) -> Iterator[Row]:
    comparison = compare_accuracy(hits(base.outcome, 1), hits(one.outcome, 1))
    same, gain = {"method": one.method, "split": one.split.name}, comparison.difference
    yield same | {
        "metric": f"{TOP1}_minus_{base.method}",
        "value": gain.value,
        "low": gain.low,
        "high": gain.high,
    }
    yield same | {"metric": f"mcnemar_p_{base.method}", "value": comparison.mcnemar_p}


def _shown(
    rows: Sequence[Row], found: Sequence[Classified], results: Sequence[ClassificationMetrics]
) -> Mapping[str, Any]:
    """Return the accuracy of each method, which the UI plots over time, and a chart."""
    shown: dict[str, Any] = {
        f"{row['method']} {row['split']} {row['metric']}": row["value"]
        for row in rows
        if row["metric"] in (TOP1, f"{TOP1}_mean")
    }
    if not results:
        return shown
    shown["without_prediction"] = sum(result.n_missing for result in results)
    name = found[0].split.name
    bars = [
        MetricRow(one.method, "", {TOP1: r.top1.value}, (r.top1.low, r.top1.high))
        for one, r in zip(found, results, strict=True)
        if one.split.name == name
    ]
    return shown | {"chart": picture(metrics_png(bars, TOP1), f"{TOP1} on {name}")}
