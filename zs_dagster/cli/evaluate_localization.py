"""`zs-dagster evaluate localization`: one protocol, two prediction files, or all protocols."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from zs_dagster.cli.protocol_matrix import matrix_json, matrix_of, matrix_text
from zs_dagster.errors import InputError
from zs_dagster.evaluation.annotations_json import read_ground_truth, read_listed_predictions
from zs_dagster.evaluation.average_precision import LocalizationMetrics, evaluate
from zs_dagster.evaluation.bootstrap import Comparison, compare_average_map
from zs_dagster.evaluation.protocols import PROTOCOLS, LocalizationProtocol, get_protocol
from zs_dagster.segments import LabelledSegments

Listed = tuple[LabelledSegments, tuple[str, ...]]


def localization(  # noqa: PLR0913 - one per option
    *,
    ground_truth: Annotated[Path, typer.Option(help="ActivityNet JSON with `database`.")],
    predictions: Annotated[Path, typer.Option(help="ActivityNet JSON with `results`.")],
    protocol: Annotated[str | None, typer.Option(help=", ".join(PROTOCOLS))] = None,
    compare: Annotated[
        Path | None, typer.Option(help="A second prediction file: is it better?")
    ] = None,
    matrix: Annotated[
        str | None, typer.Option(help="Dataset: score under all its published protocols.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Text file, one class a line; restricts both sides.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute mean average precision over temporal overlap thresholds."""
    if matrix is not None:
        if protocol or compare or classes:
            raise InputError(
                "--matrix scores under every protocol and set of classes; leave out "
                "--protocol, --compare and --classes"
            )
        answer = matrix_of(
            matrix, read_ground_truth(ground_truth), read_listed_predictions(predictions)
        )
        sys.stdout.write(matrix_json(matrix, answer) if as_json else matrix_text(answer))
        return
    if protocol is None:
        raise InputError(f"--protocol must be one of {', '.join(PROTOCOLS)}, got none")
    rules = get_protocol(protocol)
    chosen = None if classes is None else class_list(classes)
    truth = read_ground_truth(ground_truth)
    found = [
        read_listed_predictions(path) for path in (predictions, compare) if path is not None
    ]
    metrics = [evaluate(truth, one, rules, chosen, listed=listed) for one, listed in found]
    paired = _compared(truth, found, rules, chosen) if compare is not None else None
    sys.stdout.write(_as_json(metrics, paired) if as_json else _as_text(metrics, paired))


def class_list(path: Path) -> list[str]:
    """Read class labels, one a line.

    Raises:
        InputError: If the file cannot be read or names none.
    """
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


def _compared(
    truth: LabelledSegments,
    found: list[Listed],
    rules: LocalizationProtocol,
    classes: list[str] | None,
) -> Comparison:
    (first, of_first), (second, of_second) = found
    return compare_average_map(
        truth, (first, second), rules, classes, listed=(of_first, of_second)
    )


def _as_json(metrics: list[LocalizationMetrics], paired: Comparison | None) -> str:
    content: dict[str, Any] = metrics[0].to_json()
    if paired is not None:
        difference = paired.difference
        content["compare"] = {
            "second": metrics[1].to_json(),
            "difference": difference.value,
            "interval": [difference.low, difference.high],
            "level": difference.level,
            "verdict": paired.verdict,
            "sentence": paired.sentence("the first", "the second"),
        }
    return json.dumps(content, allow_nan=False) + "\n"


def _as_text(metrics: list[LocalizationMetrics], paired: Comparison | None) -> str:
    lines = _lines(metrics[0])
    if paired is not None:
        lines += ["", "second predictions", *_lines(metrics[1])[1:], ""]
        lines.append(paired.sentence("the first", "the second"))
    return "\n".join(lines) + "\n"


def _lines(metrics: LocalizationMetrics) -> list[str]:
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
    return lines
