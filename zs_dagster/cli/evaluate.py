"""`zs-dagster evaluate`: metrics of predictions somebody else made."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from zs_dagster.errors import InputError
from zs_dagster.evaluation.annotations_json import read_ground_truth, read_predictions
from zs_dagster.evaluation.average_precision import LocalizationMetrics
from zs_dagster.evaluation.average_precision import evaluate as evaluate_segments
from zs_dagster.evaluation.protocols import PROTOCOLS, get_protocol

app = typer.Typer(no_args_is_help=True, help="Score predictions against ground truth.")


@app.callback()
def group() -> None:
    """Score predictions against ground truth."""


@app.command("localization")
def localization(
    *,
    ground_truth: Annotated[Path, typer.Option(help="ActivityNet JSON with `database`.")],
    predictions: Annotated[Path, typer.Option(help="ActivityNet JSON with `results`.")],
    protocol: Annotated[str, typer.Option(help=", ".join(PROTOCOLS))],
    classes: Annotated[
        Path | None, typer.Option(help="Text file, one class a line; restricts both sides.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute mean average precision over temporal overlap thresholds."""
    rules = get_protocol(protocol)
    chosen = None if classes is None else _classes(classes)
    truth, found = read_ground_truth(ground_truth), read_predictions(predictions)
    metrics = evaluate_segments(truth, found, rules, chosen)
    sys.stdout.write(json.dumps(metrics.to_json()) + "\n" if as_json else _as_text(metrics))


def _classes(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"class file '{path}' cannot be read: {error}") from error
    labels = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not labels:
        raise InputError(
            f"class file '{path}' must name at least one class, one a line; got none"
        )
    return labels


def _as_text(metrics: LocalizationMetrics) -> str:
    lines = [
        f"protocol         {metrics.protocol}",
        f"ground truth     {metrics.n_ground_truth} segments",
        f"predictions      {metrics.n_predictions} segments",
    ]
    pairs = zip(metrics.thresholds, metrics.mean_ap.tolist(), strict=True)
    lines += [f"mAP@{tiou:<5g}        {100 * value:6.2f} %" for tiou, value in pairs]
    lines.append(f"average mAP      {100 * metrics.average_map:6.2f} %")
    if metrics.n_unknown_label:
        lines.append(
            f"ignored          {metrics.n_unknown_label} predictions of unknown classes"
        )
    if metrics.n_unknown_video:
        lines.append(
            f"false positives  {metrics.n_unknown_video} predictions in unknown videos"
        )
    return "\n".join(lines) + "\n"
