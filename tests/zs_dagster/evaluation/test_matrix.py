"""The matrix: its cells against evaluating each one by itself, and what it says."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from zs_dagster.errors import InputError
from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import Resampling, bootstrap_average_map
from zs_dagster.evaluation.matrix import CellScore, protocol_matrix
from zs_dagster.evaluation.matrix_design import (
    ClassSet,
    MatrixDesign,
    VideoSet,
    matrix_design,
    members,
)
from zs_dagster.evaluation.protocols import PROTOCOLS
from zs_dagster.segments import LabelledSegments

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "thumos14"
SPLITS_FILE = Path(__file__).parents[3] / "zs_dagster/datasets/splits/thumos14.yaml"
FEW = Resampling(20)
SPLITS = {"half-0": ("x", "y"), "half-1": ("y", "z")}
Row = tuple[str, str, float, float, float]


def world(seed: int, videos: list[str]) -> tuple[LabelledSegments, LabelledSegments]:
    rng = np.random.default_rng(seed)

    def rows(size: int) -> list[Row]:
        start = rng.integers(0, 20, size)
        return [
            (str(v), str(c), float(a), float(a + d), float(s))
            for v, c, a, d, s in zip(
                rng.choice(videos, size),
                rng.choice(["x", "y", "z"], size),
                start,
                rng.integers(1, 8, size),
                rng.random(size),
                strict=True,
            )
        ]

    return LabelledSegments.from_rows(rows(40)), LabelledSegments.from_rows(rows(150))


VIDEOS = [f"video_test_000000{i}" for i in range(6)] + [
    f"video_validation_000000{i}" for i in range(3)
]


def design_of(**sets: VideoSet) -> MatrixDesign:
    return MatrixDesign(
        dataset="mine",
        protocols=("thumos14", "t3al"),
        video_sets=sets,
        class_sets={"all": ClassSet(), "half": ClassSet(splits="half")},
    )


def cells(
    design: MatrixDesign, truth: LabelledSegments, found: LabelledSegments
) -> dict[tuple[str, str, str, str], CellScore]:
    matrix = protocol_matrix(truth, found, design, SPLITS, resampling=FEW)
    return {
        (c.cell.protocol, c.cell.videos, c.cell.classes, c.cell.candidates): c
        for c in matrix.cells
    }


@pytest.mark.parametrize("protocol", ["thumos14", "t3al"])
def test_each_cell_equals_evaluating_it_by_itself(protocol: str) -> None:
    truth, found = world(0, VIDEOS)
    sets = {
        "test": VideoSet(prefixes=("video_test_",), dropped={VIDEOS[0]: "a reason"}),
        "both": VideoSet(
            prefixes=("video_test_", "video_validation_"), is_of_split_classes=True
        ),
    }
    scores, rules = cells(design_of(**sets), truth, found), PROTOCOLS[protocol]
    in_test = [[v in VIDEOS[1:6] for v in side.video_id.tolist()] for side in (truth, found)]
    test = [
        side.take(np.array(mask)) for side, mask in zip((truth, found), in_test, strict=True)
    ]
    score = scores[protocol, "test", "all", "filtered"]
    assert score.average.value == pytest.approx(evaluate(test[0], test[1], rules).average_map)
    assert (score.sd, score.n_splits, score.n_ground_truth) == (None, 1, len(test[0]))
    values = [
        evaluate(test[0], test[1], rules, classes).average_map for classes in SPLITS.values()
    ]
    score = scores[protocol, "test", "half", "filtered"]
    assert score.average.value == pytest.approx(sum(values) / 2)
    assert score.sd == pytest.approx(abs(values[0] - values[1]) / math.sqrt(2))
    # Only the videos that show a class of the division, and only its classes.
    values = []
    for classes in SPLITS.values():
        is_class = np.isin(truth.label, classes)
        shown = set(truth.video_id[is_class].tolist())
        both = [
            side.take(np.array([v in shown for v in side.video_id.tolist()]))
            for side in (truth, found)
        ]
        values.append(evaluate(both[0], both[1], rules, classes).average_map)
    assert scores[protocol, "both", "half", "filtered"].average.value == pytest.approx(
        sum(values) / 2
    )


def test_known_classes_are_the_predictions_of_classes_that_a_video_has() -> None:
    truth, found = world(1, VIDEOS)
    scores = cells(design_of(all=VideoSet()), truth, found)
    pairs = set(zip(truth.video_id.tolist(), truth.label.tolist(), strict=True))
    asked = zip(found.video_id.tolist(), found.label.tolist(), strict=True)
    told = found.take(np.array([pair in pairs for pair in asked]))
    expected = evaluate(truth, told, PROTOCOLS["thumos14"]).average_map
    known = scores["thumos14", "all", "all", "known"].average.value
    assert known == pytest.approx(expected)
    assert known > scores["thumos14", "all", "all", "filtered"].average.value


def test_the_interval_of_all_classes_is_that_of_the_bootstrap() -> None:
    truth, found = world(2, VIDEOS)
    score = cells(design_of(all=VideoSet()), truth, found)["thumos14", "all", "all", "filtered"]
    expected = bootstrap_average_map(truth, found, PROTOCOLS["thumos14"], resampling=FEW)
    ours = score.average
    assert (ours.value, ours.low, ours.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_ground_truth_past_the_end_of_a_video_does_not_count_where_a_set_says_so() -> None:
    truth = LabelledSegments.from_rows([("a", "x", 0, 5, 1.0), ("a", "x", 8, 12, 1.0)])
    scores = cells(design_of(cut=VideoSet(duration_s={"a": 10.0})), truth, truth)
    assert scores["thumos14", "cut", "all", "filtered"].n_ground_truth == 1


def test_what_there_is_no_ground_truth_for_is_left_out_with_a_reason() -> None:
    truth, found = world(3, VIDEOS[:6])
    design = design_of(
        test=VideoSet(prefixes=("video_test_",)),
        both=VideoSet(prefixes=("video_test_", "video_validation_")),
    )
    matrix = protocol_matrix(truth, found, design, {}, resampling=FEW)
    assert {c.cell.videos for c in matrix.cells} == {"test"}
    assert matrix.left_out == (
        "thumos14, test, half: no such classes",
        "thumos14, both: no ground truth of videos video_validation_*",
        "t3al, test, half: no such classes",
        "t3al, both: no ground truth of videos video_validation_*",
    )
    with pytest.raises(InputError, match=r"no cell of the matrix has ground truth: thumos14"):
        protocol_matrix(truth, found, design_of(none=VideoSet(prefixes=("?",))), {})


def test_random_subsets_are_those_of_numpys_global_generator() -> None:
    # np.random.seed(1111); np.random.choice(20, 10, replace=False), as ZEAL's code has it.
    labels = [f"{i:02d}" for i in range(20)]
    drawn = members(ClassSet(share=0.5), labels[::-1], {})
    state = np.random.RandomState(1111)
    assert drawn == [
        tuple(labels[i] for i in state.permutation(20)[:10].tolist()) for _ in range(10)
    ]
    assert {len(subset) for subset in members(ClassSet(share=0.25), labels, {})} == {5}
    assert members(ClassSet(share=0.25), labels[:3], {}) == []


def test_a_dataset_nobody_published_on_gets_every_protocol_and_its_own_divisions() -> None:
    design = matrix_design("mine", ["unseen-0", "unseen-1", "other"])
    assert design.protocols == tuple(PROTOCOLS)
    assert design.class_sets == {
        "all": ClassSet(),
        "unseen": ClassSet(splits="unseen"),
        "other": ClassSet(splits="other"),
    }
    assert len(design.cells()) == len(PROTOCOLS) * 3 * 2
    truth, found = world(4, VIDEOS)
    matrix = protocol_matrix(truth, found, matrix_design("mine", []), {}, resampling=FEW)
    assert len(matrix.cells) == len(PROTOCOLS) * 2
    assert matrix.left_out == ()


def test_activitynet_has_both_averages_over_official_divisions() -> None:
    design = matrix_design("activitynet13", [])
    assert design.protocols == ("activitynet", "activitynet-3")
    assert list(design.class_sets) == ["all", "official-50/50", "official-75/25"]


def thumos() -> LabelledSegments:
    if not DATA.is_dir():
        pytest.skip("no reference data in shared/")
    with (DATA / "thumos14_segments.csv").open(encoding="utf-8") as file:
        return LabelledSegments.from_rows(
            [
                (r["video_id"], r["label"], float(r["t_start"]), float(r["t_end"]), 1.0)
                for r in csv.DictReader(file)
            ]
        )


def test_thumos14_has_the_sizes_of_the_publications() -> None:
    truth = thumos()
    splits = {
        name: tuple(parts["unseen"])
        for name, parts in yaml.safe_load(SPLITS_FILE.read_text(encoding="utf-8")).items()
    }
    design = matrix_design("thumos14", list(splits))
    matrix = protocol_matrix(truth, truth, design, splits, resampling=Resampling(1))
    assert len(matrix.cells) == 5 * 5 * 2 + 7 * 2
    assert matrix.left_out == ()
    of_all = {
        c.cell.videos: (c.n_videos, c.n_ground_truth)
        for c in matrix.cells
        if c.cell.classes == "all" and c.cell.protocol == "thumos14"
    }
    # 213 is 212 with ground truth; 3358 + 3007 segments, 30 of them past the end.
    assert of_all == {
        "test-213": (212, 3358),
        "test-212": (212, 3358),
        "test-211": (211, 3329),
        "test-210": (210, 3311),
        "val+test": (412, 3332 + 3003),
    }
    # Perfect predictions are perfect whatever the rules; past the end they count as false.
    perfect = {round(c.average.value, 12) for c in matrix.cells if c.cell.videos != "val+test"}
    assert perfect == {1.0}
    sizes = {c.cell.classes: (c.n_splits, c.n_classes) for c in matrix.cells}
    # The official 75/25 divisions never test BasketballDunk and LongJump.
    assert sizes["official-75/25"] == (10, 18)
    assert sizes["official-50/50"] == (10, 20)
    compared = {c.cell.classes for c in matrix.cells if c.published}
    assert compared == {"all", "official-50/50", "official-75/25"} | {
        "random-50/50",
        "random-75/25",
    }
