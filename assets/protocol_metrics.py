"""Segments under every published protocol -> a matrix of metrics, and who is better."""

from typing import Any

import dagster as dg

from assets.labelled import found_segments, true_segments
from assets.reuse import Resources, Reuse
from assets.stage import stage, versioned
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.splits import load_splits
from zs_dagster.digests import file_digest
from zs_dagster.evaluation.bootstrap import compare_with_others
from zs_dagster.evaluation.matrix import CellScore, protocol_matrix
from zs_dagster.evaluation.matrix_design import matrix_design
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.segments import LabelledSegments

Row = dict[str, Any]


def _splits(dataset: Dataset, _: Resources) -> str | None:
    path = dataset.splits
    return file_digest(path) if path and path.is_file() else None


@stage(
    "localization",
    deps=["segments", "annotations"],
    options=["protocol", "methods"],
    reuse=Reuse(writes=("method_comparisons",), reads=("methods",), also=_splits),
)
def protocol_metrics(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """MAP of each method in every cell {protocol, videos, classes, candidates}, fractions.

    Beside each cell stand the published rows it may be compared with. `method_comparisons`
    says whether the first method is better than each other one.
    """
    dataset, tables = library.untrimmed(context.partition_key), home.get().tables
    truth = true_segments(home.get(), dataset.name)
    methods = [row["method"] for row in tables.rows("methods", dataset.name)]
    predictions = found_segments(home.get(), dataset.name, methods)
    run = {"run_id": context.run.run_id}
    cells = _cells(dataset, truth, predictions) if len(truth) else []
    compared = _compared(dataset, truth, predictions) if len(truth) else []
    tables.write("protocol_metrics", dataset.name, [row | run for row in cells])
    tables.write("method_comparisons", dataset.name, [row | run for row in compared])
    sentences = {f"compared with {row['other']}": row["sentence"] for row in compared}
    return versioned([*cells, *compared], computed=len(cells), metadata=sentences)


def _cells(
    dataset: Dataset, truth: LabelledSegments, found: dict[str, LabelledSegments]
) -> list[Row]:
    splits = {split.name: split.unseen for split in load_splits(dataset).values()}
    design = matrix_design(dataset.name, list(splits))
    rows: list[Row] = []
    for name, predictions in found.items():
        method = dataset.localization.methods.get(name)
        is_told = method is not None and method.candidates == "known"
        for score in protocol_matrix(truth, predictions, design, splits).cells:
            # A method that is told the classes has no number for choosing them.
            if score.cell.candidates == "known" or not is_told:
                rows += [{"method": name} | row for row in _rows(score)]
    return rows


def _rows(score: CellScore) -> list[Row]:
    """Return the average with its interval, and the thresholds."""
    same: Row = {
        **score.cell.model_dump(),
        "sd": None,
        "low": None,
        "high": None,
        "n_splits": score.n_splits,
        "n_classes": score.n_classes,
        "n_videos": score.n_videos,
        "n_ground_truth": score.n_ground_truth,
        "published": "; ".join(one.short for one in score.published) or "none",
    }
    average = score.average
    first = {"metric": "average_mAP", "value": average.value, "sd": score.sd}
    return [
        same | first | {"low": average.low, "high": average.high},
        *(same | {"metric": f"mAP@{t:g}", "value": v} for t, v in score.mean_ap.items()),
    ]


def _compared(
    dataset: Dataset, truth: LabelledSegments, found: dict[str, LabelledSegments]
) -> list[Row]:
    protocol = get_protocol(dataset.localization.protocol)
    first, *others = found
    comparisons = compare_with_others(
        truth, found[first], {name: found[name] for name in others}, protocol
    )
    return [
        {
            "method": first,
            "other": other,
            "protocol": protocol.name,
            "difference": one.difference.value,
            "low": one.difference.low,
            "high": one.difference.high,
            "verdict": one.verdict,
            "sentence": one.sentence(other, first),
        }
        for other, one in comparisons.items()
    ]
