"""`zs-dagster evaluate`: metrics of predictions somebody else made."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from zs_dagster.cli.evaluate_localization import class_list, localization
from zs_dagster.datasets.annotations.activitynet import read_activitynet
from zs_dagster.evaluation.accuracy import hits
from zs_dagster.evaluation.bootstrap import Interval
from zs_dagster.evaluation.classification import (
    ClassificationMetrics,
    bounds,
    check_truth,
    evaluate_classes,
    ranked_classes,
)
from zs_dagster.evaluation.label_files import read_guesses, read_labels_csv
from zs_dagster.evaluation.paired import PairedAccuracy, compare_accuracy

MAX_CONFUSIONS = 10

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Score predictions against ground truth."
)


@app.callback()
def group() -> None:
    """Score predictions against ground truth."""


app.command("localization")(localization)


@app.command("classification")
def classification(
    *,
    ground_truth: Annotated[Path, typer.Option(help="CSV video,label or ActivityNet JSON.")],
    predictions: Annotated[
        Path,
        typer.Option(help="CSV video,label[,probability][,rank] or JSON of pairs by video."),
    ],
    compare: Annotated[
        Path | None, typer.Option(help="Predictions of a second method for the same videos.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Text file, one class a line; else those of the truth.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute top-1, top-5 and mean class accuracy of labels of whole videos."""
    truth = _labels(ground_truth)
    names = sorted({name for labels in truth.values() for name in labels})
    names = names if classes is None else class_list(classes)
    check_truth(truth, names)
    files = [predictions] if compare is None else [predictions, compare]
    found = [ranked_classes(truth, read_guesses(path), names, path) for path in files]
    metrics = [evaluate_classes(one, names) for one in found]
    paired = compare_accuracy(hits(found[0], 1), hits(found[-1], 1)) if compare else None
    write = _accuracy_json if as_json else _accuracy_text
    sys.stdout.write(write(metrics, paired))


def _labels(path: Path) -> dict[str, list[str]]:
    """Read which classes each video has."""
    if path.suffix.lower() != ".json":
        return read_labels_csv(path)
    truth: dict[str, list[str]] = {}
    for row in read_activitynet(path).rows:
        labels = truth.setdefault(row.video_id, [])
        if row.label not in labels:
            labels.append(row.label)
    return truth


def _accuracy_json(metrics: list[ClassificationMetrics], paired: PairedAccuracy | None) -> str:
    content = metrics[0].to_json()
    if paired is not None:
        content["compare"] = {
            "second": metrics[1].to_json(),
            "difference": paired.difference.value,
            "interval": bounds(paired.difference),
            "n_both": paired.n_both,
            "n_first_only": paired.n_first_only,
            "n_second_only": paired.n_second_only,
            "n_neither": paired.n_neither,
            "mcnemar_p": paired.mcnemar_p,
        }
    return json.dumps(content, allow_nan=False) + "\n"


def _accuracy_text(metrics: list[ClassificationMetrics], paired: PairedAccuracy | None) -> str:
    lines = _accuracy_lines(metrics[0])
    if paired is not None:
        lines += ["", "second predictions", *_accuracy_lines(metrics[1])[1:5]]
        lines += _paired_lines(paired)
    lines += ["", *_class_lines(metrics[0])]
    return "\n".join(lines) + "\n"


def _accuracy_lines(metrics: ClassificationMetrics) -> list[str]:
    few = "not known: no video has so many predictions"
    missing = metrics.n_missing
    return [
        f"ground truth         {metrics.n_videos} videos, {len(metrics.classes)} classes",
        f"without predictions  {missing} of them{', counted as wrong' if missing else ''}",
        f"top-1                {_percent(metrics.top1)}",
        f"top-5                {few if metrics.top5 is None else _percent(metrics.top5)}",
        f"mean class accuracy  {_percent(metrics.mean_class_accuracy)}",
    ]


def _paired_lines(paired: PairedAccuracy) -> list[str]:
    return [
        f"second minus first   {_percent(paired.difference)} of top-1",
        f"right in one only    {paired.n_first_only} videos in the first, "
        f"{paired.n_second_only} in the second; McNemar p = {paired.mcnemar_p:.3g}",
    ]


def _class_lines(metrics: ClassificationMetrics) -> list[str]:
    width = max(map(len, metrics.classes))
    lines = [f"{'class':<{width}}  videos  accuracy"]
    for name, count, share in metrics.per_class_rows:
        percent = "" if share is None else f"  {100 * share:6.2f} %"
        lines.append(f"{name:<{width}}  {count:6d}{percent}")
    confusions = metrics.confusions[:MAX_CONFUSIONS]
    if confusions:
        lines += ["", "most often confused: true -> predicted, videos"]
    return lines + [f"{truth} -> {predicted}, {n}" for truth, predicted, n in confusions]


def _percent(interval: Interval) -> str:
    low, high = 100 * interval.low, 100 * interval.high
    return f"{100 * interval.value:6.2f} %  (95 % interval {low:.2f} to {high:.2f})"
