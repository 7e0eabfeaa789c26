"""Each stage's loss, constructed alone; the rules that hold for any stages."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.protocols import LocalizationProtocol, get_protocol
from zs_dagster.evaluation.waterfall import (
    Choices,
    Oracle,
    Pair,
    WaterfallStage,
    most_matches,
    rows_of_pairs,
    waterfall,
)
from zs_dagster.segments import LabelledSegments, Segments, tiou

Available = Mapping[Pair, Choices]
HALF = LocalizationProtocol("half", (0.5,))
TRUTH = LabelledSegments.from_rows(
    [("v", "a", 0, 4, 1), ("v", "a", 10, 14, 1), ("w", "b", 0, 4, 1), ("w", "b", 10, 14, 1)]
)
SECONDS = np.arange(20.0)
EVERY_SECOND = Choices(SECONDS, SECONDS + 1, is_product=True)
PAIRS = (("v", "a"), ("w", "b"))
ALL = dict.fromkeys(PAIRS, EVERY_SECOND)


def listed(*spans: tuple[float, float]) -> Choices:
    starts, ends = np.array(spans, dtype=np.float64).reshape(-1, 2).T
    return Choices(starts, ends)


def told(truth: LabelledSegments, available: Available, at: Sequence[float]) -> Oracle:
    oracle = Oracle(truth, at)
    for pair, choices in available.items():
        oracle.add(pair, choices)
    return oracle


def accounted(
    stages: Mapping[str, Available],
    truth: LabelledSegments,
    found: LabelledSegments,
    protocol: LocalizationProtocol,
) -> list[WaterfallStage]:
    oracles = {n: told(truth, left, protocol.thresholds) for n, left in stages.items()}
    return waterfall(oracles, truth, found, protocol)


def losses(
    stages: Mapping[str, Available], rows: list[tuple[str, str, float, float, float]]
) -> list[float]:
    found = accounted(stages, TRUTH, LabelledSegments.from_rows(rows), HALF)
    assert [stage.name for stage in found] == [*stages, "ranking"]
    return [round(stage.loss, 9) for stage in found]


PERFECT: list[tuple[str, str, float, float, float]] = [
    ("v", "a", 0, 4, 0.9),
    ("v", "a", 10, 14, 0.8),
    ("w", "b", 0, 4, 0.9),
    ("w", "b", 10, 14, 0.8),
]
EXACT = {pair: listed((0, 4), (10, 14)) for pair in PAIRS}


def test_nothing_is_lost_where_every_stage_is_perfect() -> None:
    assert losses({"sampling": ALL, "class filter": ALL, "segments": EXACT}, PERFECT) == [
        0,
        0,
        0,
        0,
    ]


def test_a_grid_too_coarse_for_an_action_costs_it() -> None:
    coarse = Choices(np.array([0.0, 9.0]), np.array([9.0, 14.0]), is_product=True)
    stages = {"sampling": {PAIRS[0]: coarse, PAIRS[1]: EVERY_SECOND}}
    # Of a, 0 to 4 is best met by 0 to 9 (4/9); 10 to 14 by 9 to 14 (4/5).
    found = accounted(stages, TRUTH, LabelledSegments.from_rows(PERFECT[1:]), HALF)
    assert found[0].loss == pytest.approx(0.25)
    assert [stage.loss for stage in found[1:]] == pytest.approx([0])


def test_a_class_the_filter_drops_costs_its_share_in_its_stage() -> None:
    stages = {"sampling": ALL, "class filter": {PAIRS[0]: EVERY_SECOND}}
    assert losses(stages, PERFECT[:2]) == [0, 0.5, 0]


def test_a_missing_boundary_costs_in_the_stage_of_candidates() -> None:
    one_start = Choices(np.array([0.0]), np.array([4.0, 14.0]), is_product=True)
    stages = {"sampling": ALL, "candidates": {PAIRS[0]: one_start, PAIRS[1]: EVERY_SECOND}}
    assert losses(stages, [PERFECT[0], *PERFECT[2:]]) == [0, 0.25, 0]


def test_a_pair_that_is_not_made_costs_in_the_stage_of_pairs() -> None:
    made = {PAIRS[0]: listed((0, 4), (0, 14)), PAIRS[1]: listed((0, 4), (10, 14))}
    assert losses({"candidates": EXACT, "pairs": made}, [PERFECT[0], *PERFECT[2:]]) == [
        0,
        0.25,
        0,
    ]


def test_what_suppression_drops_costs_in_the_stage_of_segments() -> None:
    kept = {PAIRS[0]: listed((0, 4)), PAIRS[1]: listed((0, 4), (10, 14))}
    assert losses({"pairs": EXACT, "segments": kept}, [PERFECT[0], *PERFECT[2:]]) == [
        0,
        0.25,
        0,
    ]


def test_a_false_positive_above_a_true_one_costs_in_the_ranking_alone() -> None:
    wrong = ("v", "a", 5.0, 8.0, 1.0)
    segments = {PAIRS[0]: listed((5, 8), (0, 4), (10, 14)), PAIRS[1]: EXACT[PAIRS[1]]}
    # Precision of a is 1/2 then 2/3, interpolated 2/3: AP 2/3 instead of 1, half of the mAP.
    assert losses({"segments": segments}, [wrong, *PERFECT]) == [0, round(1 / 6, 9)]


def test_one_interval_serves_one_segment_and_a_shared_one_is_passed_on() -> None:
    truth = (np.array([0.0, 1.0]), np.array([4.0, 5.0]))
    assert most_matches(listed((0, 5)), truth, [0.5]) == [1]
    assert most_matches(listed((0, 5), (0, 5)), truth, [0.5]) == [1]
    # The first segment takes 0 to 4.1, its best; at 0.6 the second has 0 to 5 for itself.
    truth = (np.array([0.0, 2.0]), np.array([4.0, 5.0]))
    assert most_matches(listed((0, 5), (0, 4.1)), truth, [0.6]) == [2]
    assert most_matches(listed((0, 5), (0, 4.1)), truth, [0.7]) == [1]


def test_an_owner_moves_on_for_who_has_no_other_interval() -> None:
    """The first prefers 0 to 10 and can do with 0 to 6; the last can only have 0 to 10."""
    choices = listed((0, 10), (0, 6), (6, 14))
    truth = (np.array([0.0, 2.0, 0.0]), np.array([8.0, 12.0, 20.0]))
    assert most_matches(choices, truth, [0.5]) == [3]


def test_ground_truth_of_videos_without_predictions_counts_in_every_protocol() -> None:
    paper = get_protocol("zeal-paper")
    found = accounted(
        {"segments": EXACT}, TRUTH, LabelledSegments.from_rows(PERFECT[:2]), paper
    )
    assert [stage.average_map for stage in found] == [1.0, 0.5]


spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6)).map(
        lambda p: (float(p[0]), float(sum(p)))
    ),
    min_size=1,
    max_size=5,
)


@given(truth=spans, choices=spans, threshold=st.sampled_from([0.1, 0.3, 0.5, 0.7]))
def test_the_matching_is_a_largest_one(
    truth: list[tuple[float, float]], choices: list[tuple[float, float]], threshold: float
) -> None:
    starts, ends = np.array(truth).T
    other = list(dict.fromkeys(choices))
    first, last = np.array(other).T
    fits = tiou(starts[:, None], ends[:, None], first[None], last[None]) >= threshold
    found = most_matches(listed(*choices), (starts, ends), [threshold])[0]
    assert found == largest(fits, set(range(len(other))))


def largest(fits: np.ndarray, free: set[int]) -> int:
    """Try everything: the first row stays alone or takes any free column that fits."""
    if not len(fits):
        return 0
    taken = [1 + largest(fits[1:], free - {column}) for column in free if fits[0, column]]
    return max([largest(fits[1:], free), *taken])


@given(truth=spans, made=spans, kept=st.integers(1, 5), scores=st.permutations(range(5)))
def test_later_stages_never_gain(
    truth: list[tuple[float, float]],
    made: list[tuple[float, float]],
    kept: int,
    scores: list[int],
) -> None:
    """The grid holds every candidate, the candidates every pair, the pairs every segment."""
    thumos = get_protocol("thumos14")
    known = LabelledSegments.from_rows([("v", "a", s, e, 1.0) for s, e in truth])
    grid = Choices(np.arange(30.0), np.arange(30.0), is_product=True)
    starts, ends = np.unique(np.array(made), axis=0).T
    answers = list(dict.fromkeys(made))[:kept]
    stages = {
        "sampling": {("v", "a"): grid},
        "candidates": {("v", "a"): Choices(starts, ends, is_product=True)},
        "pairs": {("v", "a"): listed(*made)},
        "segments": {("v", "a"): listed(*answers)},
    }
    rows = [("v", "a", s, e, float(k)) for (s, e), k in zip(answers, scores, strict=False)]
    found = accounted(stages, known, LabelledSegments.from_rows(rows), thumos)
    assert all(stage.loss >= -1e-12 for stage in found)
    assert sum(stage.loss for stage in found) == pytest.approx(1 - found[-1].average_map)
    last = evaluate(known, LabelledSegments.from_rows(rows), thumos).average_map
    assert found[-1].average_map == pytest.approx(last)


def test_the_product_reaches_what_listing_every_pair_reaches() -> None:
    generator = np.random.default_rng(0)
    starts, ends = np.sort(generator.uniform(0, 30, (2, 12)))
    every = [(s, e) for s in starts for e in ends if e > s]
    length = generator.uniform(0.5, 12, 6)
    first = generator.uniform(0, 25, 6)
    truth = LabelledSegments(
        np.full(6, "v"), np.full(6, "a"), Segments(first, first + length, np.ones(6))
    )
    thresholds = (0.1, 0.3, 0.5, 0.7, 0.9)
    grid = Choices(starts, ends, is_product=True)
    product = told(truth, {("v", "a"): grid}, thresholds).map_at()
    one_by_one = told(truth, {("v", "a"): listed(*every)}, thresholds).map_at()
    assert product.tolist() == one_by_one.tolist()
    assert 0 < product[-1] < product[0] == 1


def test_what_is_told_of_pairs_without_ground_truth_changes_nothing() -> None:
    oracle = told(TRUTH, EXACT | {("v", "b"): EVERY_SECOND}, HALF.thresholds)
    assert oracle.map_at().tolist() == [1.0]


def test_rows_of_a_pair_are_in_the_order_given() -> None:
    rows = rows_of_pairs(TRUTH)
    assert {pair: of.tolist() for pair, of in rows.items()} == {
        PAIRS[0]: [0, 1],
        PAIRS[1]: [2, 3],
    }
    assert list(rows_of_pairs(TRUTH, {PAIRS[1]})) == [PAIRS[1]]
