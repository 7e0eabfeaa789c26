"""One set of predictions under all protocols of a dataset, as JSON and as a table."""

import json
from typing import Any

from zs_dagster.cli.graph import prepare_environment
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.splits import load_splits
from zs_dagster.evaluation.matrix import CellScore, Matrix, protocol_matrix
from zs_dagster.evaluation.matrix_design import matrix_design
from zs_dagster.segments import LabelledSegments

NO_ROW = "none"
HEADINGS = ("protocol", "videos", "classes", "candidates", "mAP %", "sd", "95 % interval")


def matrix_of(
    name: str, truth: LabelledSegments, predictions: tuple[LabelledSegments, tuple[str, ...]]
) -> Matrix:
    """Score predictions in every cell of a dataset of the catalogue.

    Raises:
        InputError: If there is no such dataset, or no ground truth for any cell.
    """
    dataset = find_dataset(load_catalogue(prepare_environment().datasets), name)
    splits = {split.name: split.unseen for split in load_splits(dataset).values()}
    found, listed = predictions
    design = matrix_design(name, list(splits))
    return protocol_matrix(truth, found, design, splits, listed=listed)


def matrix_json(name: str, matrix: Matrix) -> str:
    """Every cell, fractions; ``published`` rows in percent, as their tables have them."""
    content = {
        "dataset": name,
        "cells": [_cell(score) for score in matrix.cells],
        "left_out": matrix.left_out,
    }
    return json.dumps(content, allow_nan=False) + "\n"


def _cell(score: CellScore) -> dict[str, Any]:
    return {
        **score.cell.model_dump(),
        "average_mAP": score.average.value,
        "interval": [score.average.low, score.average.high],
        "sd": score.sd,
        "mAP": {f"{tiou:g}": value for tiou, value in score.mean_ap.items()},
        "n_splits": score.n_splits,
        "n_classes": score.n_classes,
        "n_videos": score.n_videos,
        "n_ground_truth": score.n_ground_truth,
        "published": [
            {
                "table": one.title,
                "method": one.row.method,
                "percent": one.row.percent,
                "source": one.source,
                "differs": one.differs,
            }
            for one in score.published
        ],
    }


def matrix_text(matrix: Matrix) -> str:
    """One line per cell, with the published numbers it may be compared with."""
    rows = [(*HEADINGS, "may be compared with")] + [_row(score) for score in matrix.cells]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, [*widths, 0], strict=True))
        for row in rows
    ]
    notes = dict.fromkeys(
        f"{one.title}: {one.differs}"
        for score in matrix.cells
        for one in score.published
        if one.differs
    )
    lines += [f"differs    {note}" for note in notes]
    lines += [f"left out   {reason}" for reason in matrix.left_out]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(score: CellScore) -> tuple[str, ...]:
    cell, average = score.cell, score.average
    return (
        cell.protocol,
        cell.videos,
        cell.classes,
        cell.candidates,
        f"{100 * average.value:.2f}",
        "" if score.sd is None else f"{100 * score.sd:.2f}",
        f"{100 * average.low:.2f} to {100 * average.high:.2f}",
        "; ".join(one.short for one in score.published) or NO_ROW,
    )
