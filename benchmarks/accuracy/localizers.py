"""Every localizer on the same cached scores: average mAP and the paired difference from ZEAL.

Parameters of the localizers were chosen on `demo-validation`; `demo` is reported. Reads the
scores of earlier runs; no model runs.

    zs-dagster run demo-validation && zs-dagster run demo
    python benchmarks/accuracy/localizers.py

Usage: python benchmarks/accuracy/localizers.py [--json FILE].
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assets.class_scores import ClassScores, scored_videos
from assets.labelled import true_segments
from zs_dagster.evaluation.bootstrap import bootstrap_average_map, compare_average_map
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.home import Home
from zs_dagster.localization.methods import method_parameters
from zs_dagster.localization.registry import get_localizer
from zs_dagster.segments import LabelledSegments

EACH = {"is_single_label": False}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "zeal": ("zeal", {}),
    "zeal, confidence_weight 0.2": ("zeal", {"confidence_weight": 0.2}),
    "experts": ("experts", {}),
    "experts without contrast": ("experts", {"contrast_weight": 0}),
    "experts without order": ("experts", {"order_weight": 0}),
    "experts without inside": ("experts", {"inside_weight": 0}),
    "experts without outside": ("experts", {"outside_weight": 0}),
    "experts without actionness": ("experts", {"inside_weight": 0, "outside_weight": 0}),
    "stages": ("stages", {}),
    "stages without the question": ("stages", {"reads_middle": False}),
    "freezad": ("freezad", {}),
    "freezad, each class": ("freezad", EACH),
    "freezad, each class, 15 steps": ("freezad", {**EACH, "adaptation_steps": 15}),
    "the same, not episodic": (
        "freezad",
        {**EACH, "adaptation_steps": 15, "is_episodic": False},
    ),
    "t3al0": ("t3al0", {}),
    "t3al0, each class": ("t3al0", EACH),
    "clip-only": ("clip-only", {}),
    "random": ("random", {}),
}


def main() -> None:
    """Print a row per dataset and method; write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    home = Home.from_environment()
    rows = [row for name in ("demo-validation", "demo") for row in _compared(home, name)]
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


def _compared(home: Home, dataset: str) -> Iterator[dict[str, Any]]:
    protocol = get_protocol("thumos14")
    truth = true_segments(home, dataset)
    videos = list(scored_videos(home, dataset))
    zeal = _segments(videos, *METHODS["zeal"])
    print(f"{dataset:36} average mAP in %       minus zeal")
    for name, (localizer, given) in METHODS.items():
        found = _segments(videos, localizer, given)
        alone = bootstrap_average_map(truth, found, protocol)
        change = compare_average_map(truth, (zeal, found), protocol).difference
        print(f"{name:36} {_shown(alone, '5.1f')}   {_shown(change, '+5.1f')}", flush=True)
        yield {
            "dataset": dataset,
            "method": name,
            "average_mAP": [alone.value, alone.low, alone.high],
            "minus_zeal": [change.value, change.low, change.high],
        }


def _shown(interval: Any, form: str) -> str:  # noqa: ANN401 - an interval
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def _segments(
    videos: Sequence[list[ClassScores]], localizer: str, given: dict[str, Any]
) -> LabelledSegments:
    """Localize the classes that passed the filter."""
    parameters = method_parameters(localizer, "default", given, {})
    localize, rows = get_localizer(localizer).start(parameters, 0), []
    for video in videos:
        classes = [scores for scores in video if scores.is_candidate]
        for scores, proposals in zip(classes, localize(classes), strict=True):
            found = proposals.segments
            columns = (found.start_s.tolist(), found.end_s.tolist(), found.score.tolist())
            rows += [
                (scores.video_id, scores.label, *row) for row in zip(*columns, strict=True)
            ]
    return LabelledSegments.from_rows(rows)


if __name__ == "__main__":
    main()
