"""Intervals over videos: against drawing the videos for real, then identities."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import (
    Interval,
    Resampling,
    bootstrap_average_map,
    compare_average_map,
)
from zs_dagster.evaluation.interpolated import per_class_ap
from zs_dagster.evaluation.protocols import PROTOCOLS
from zs_dagster.evaluation.rules import counted, matches_of
from zs_dagster.segments import LabelledSegments, Segments

THUMOS = PROTOCOLS["thumos14"]
VIDEOS = ("a", "b", "c", "d")


def world(seed: int, count: int = 60) -> tuple[LabelledSegments, LabelledSegments]:
    """Ground truth and predictions of four videos and three classes, all scores different."""
    rng = np.random.default_rng(seed)

    def draw(size: int, score: np.ndarray) -> LabelledSegments:
        start = rng.integers(0, 20, size).astype(np.float64)
        return LabelledSegments(
            rng.choice(VIDEOS, size),
            rng.choice(["x", "y", "z"], size),
            Segments(start, start + rng.integers(1, 8, size), score),
        )

    return draw(18, np.ones(18)), draw(count, rng.permutation(count) / count)


def repeated(rows: LabelledSegments, times: dict[str, int]) -> LabelledSegments:
    """Each video as often as said, under a new name each time."""
    copies = [
        (f"{rows.video_id[i]}{copy}", str(rows.label[i]), s.start_s[i], s.end_s[i], s.score[i])
        for s in [rows.segments]
        for i in range(len(rows))
        for copy in range(times[str(rows.video_id[i])])
    ]
    return LabelledSegments.from_rows(copies)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_weights_equal_repeating_the_videos_for_real(seed: int, times: list[int]) -> None:
    truth, found = world(seed)
    drawn = dict(zip(VIDEOS, times, strict=True))
    many = repeated(truth, drawn)
    if not len(many):
        return
    classes = sorted({str(label) for label in truth.label})
    expected = evaluate(many, repeated(found, drawn), THUMOS, classes).ap
    matches = matches_of(counted(truth, found, THUMOS, classes), THUMOS)
    weight = np.array([[drawn[video] for video in matches.videos]], dtype=np.float64)
    np.testing.assert_allclose(per_class_ap(matches, weight)[0], expected, atol=1e-12)


def test_the_value_is_that_of_the_evaluation_and_lies_inside() -> None:
    truth, found = world(1)
    interval = bootstrap_average_map(truth, found, THUMOS)
    assert interval.value == pytest.approx(evaluate(truth, found, THUMOS).average_map)
    assert interval.low < interval.value < interval.high
    assert (interval.level, interval.num_resamples) == (0.95, 1000)


def test_the_interval_holds_the_percentiles_of_evaluations_on_drawn_videos() -> None:
    truth, found = world(5)
    generator = np.random.default_rng(11)
    values = []
    for times in generator.multinomial(4, [0.25] * 4, size=40):
        drawn = dict(zip(VIDEOS, times.tolist(), strict=True))
        many = repeated(truth, drawn)
        values.append(evaluate(many, repeated(found, drawn), THUMOS).average_map)
    values.sort()
    interval = bootstrap_average_map(
        truth, found, THUMOS, resampling=Resampling(40, level=0.9, seed=11)
    )
    # 5 % of 40 are 2: the second smallest, and the 38th of 40; both less the mean bias.
    bias = sum(values) / 40 - evaluate(truth, found, THUMOS).average_map
    assert abs(bias) > 0.01
    assert interval.low == pytest.approx(values[1] - bias)
    assert interval.high == pytest.approx(values[37] - bias)


def test_a_wider_level_gives_a_wider_interval() -> None:
    truth, found = world(2)
    wide, narrow = (
        bootstrap_average_map(truth, found, THUMOS, resampling=Resampling(300, level))
        for level in (0.99, 0.5)
    )
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_seed_decides() -> None:
    truth, found = world(3)
    draws = [
        bootstrap_average_map(truth, found, THUMOS, resampling=Resampling(50, seed=seed))
        for seed in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]


def test_one_video_has_no_spread() -> None:
    truth, found = (rows.take(rows.video_id == "a") for rows in world(4))
    interval = bootstrap_average_map(truth, found, THUMOS)
    assert interval.low == interval.high == pytest.approx(interval.value)


def test_classes_restrict_the_mean() -> None:
    truth, found = world(6)
    expected = evaluate(truth, found, THUMOS, ["y"]).average_map
    assert bootstrap_average_map(truth, found, THUMOS, ["y"]).value == pytest.approx(expected)


def test_a_set_equals_itself() -> None:
    truth, found = world(7)
    same = compare_average_map(truth, (found, found), THUMOS, resampling=Resampling(50))
    assert same.difference == Interval(0, 0, 0, 0.95, 50)
    assert same.ratio == Interval(1, 1, 1, 0.95, 50)


def test_a_comparison_is_paired() -> None:
    truth, found = world(8, 90)
    worse = found.take(np.arange(60))
    both = compare_average_map(truth, (worse, found), THUMOS)
    alone = [bootstrap_average_map(truth, one, THUMOS) for one in (worse, found)]
    assert both.difference.value == pytest.approx(alone[1].value - alone[0].value)
    assert both.ratio.value == pytest.approx(alone[1].value / alone[0].value)
    spread = both.difference.high - both.difference.low
    assert spread < (alone[0].high - alone[0].low) + (alone[1].high - alone[1].low)
    swapped = compare_average_map(truth, (found, worse), THUMOS)
    assert swapped.difference.value == -both.difference.value


def test_videos_that_only_one_set_has_are_drawn_for_both() -> None:
    # Perfect predictions of three videos, once with a false one on top in a fourth video.
    found = LabelledSegments.from_rows([(v, "x", 0.0, 5.0, 0.5) for v in "abc"])
    more = LabelledSegments.from_rows(
        [(v, "x", 0.0, 5.0, 0.5) for v in "abc"] + [("only here", "x", 0.0, 5.0, 0.9)]
    )
    both = compare_average_map(found, (more, found), THUMOS)
    assert both.difference.value == pytest.approx(1 / 4)  # 1 - 3/4
    # Drawn without the fourth video it is 0, drawn with it more than once it is over 1 / 4.
    assert both.difference.low < 1 / 4 < both.difference.high


def test_both_sets_see_the_same_draws_even_if_their_videos_differ() -> None:
    # The extra prediction changes no average precision, but adds a video before all others.
    truth, found = world(12)
    extra = LabelledSegments.from_rows([("A", "of no class", 0.0, 5.0, 2.0)])
    more = LabelledSegments(
        np.concatenate([found.video_id, extra.video_id]),
        np.concatenate([found.label, extra.label]),
        Segments(
            np.append(found.segments.start_s, 0.0),
            np.append(found.segments.end_s, 5.0),
            np.append(found.segments.score, 2.0),
        ),
    )
    both = compare_average_map(truth, (more, found), THUMOS)
    assert (both.difference.low, both.difference.high) == (0, 0)


def test_against_nothing_the_ratio_is_infinite() -> None:
    truth, found = world(10)
    nothing = LabelledSegments.from_rows([])
    both = compare_average_map(truth, (nothing, found), THUMOS, resampling=Resampling(20))
    assert both.ratio.value == math.inf
    none = compare_average_map(truth, (nothing, nothing), THUMOS, resampling=Resampling(20))
    assert math.isnan(none.ratio.value)
    assert math.isnan(none.ratio.low)


def test_rare_classes_may_be_missing_from_a_draw() -> None:
    truth = LabelledSegments.from_rows([("a", "x", 0.0, 9.0, 1.0), ("b", "y", 0.0, 9.0, 1.0)])
    found = LabelledSegments.from_rows([("a", "x", 0.0, 9.0, 1.0)])
    interval = bootstrap_average_map(truth, found, THUMOS)
    # One of the classes is found, none where only b is drawn, all where only a is.
    assert interval.value == 0.5
    assert (interval.low, interval.high) == pytest.approx((0.0, 1.0), abs=0.05)


def test_the_interval_stays_a_fraction() -> None:
    truth, found = world(9, 12)
    resampling = Resampling(200, level=0.999)
    interval = bootstrap_average_map(truth, found, THUMOS, resampling=resampling)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_settings_and_ground_truth_are_checked() -> None:
    with pytest.raises(InputError, match=r"num_resamples must be >= 1, got 0"):
        Resampling(0)
    with pytest.raises(InputError, match=r"level must lie in \(0, 1\), got 95"):
        Resampling(level=95)
    nothing = LabelledSegments.from_rows([])
    with pytest.raises(InputError, match=r"no ground truth to evaluate against"):
        bootstrap_average_map(nothing, nothing, THUMOS)
    with pytest.raises(InputError, match=r"no ground truth to evaluate against"):
        compare_average_map(nothing, (nothing, nothing), THUMOS)
