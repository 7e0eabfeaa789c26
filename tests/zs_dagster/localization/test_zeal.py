"""ZEAL as a whole: by hand, properties, and what it says when it finds nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.localization.parameters import PRESETS, with_overrides
from zs_dagster.localization.zeal import localize

PAPER = PRESETS["zeal-paper"]


def peaks(count: int, start: int, end: int) -> np.ndarray:
    confidence = np.full((count, 2), 0.2)
    confidence[start, 0] = confidence[end, 1] = 0.9
    return confidence


def test_one_action_by_hand() -> None:
    # Only samples 2 and 6 stand out: 0.1 * (0.95 + 0.95) + 0.9 * 0.3 = 0.46.
    arguments = (peaks(10, 2, 6), np.full(10, 0.3), np.arange(10) / 2, 5.0)
    only_best = {"top_fraction": 0.1}
    ours = localize(*arguments, with_overrides("default", only_best))
    assert ours.samples.tolist() == [[2, 6]]
    assert (ours.segments.start_s.tolist(), ours.segments.end_s.tolist()) == ([1.0], [3.5])
    np.testing.assert_allclose(ours.segments.score, [0.46], rtol=1e-12)
    assert ours.reason is None
    paper = localize(*arguments, with_overrides("zeal-paper", only_best))
    assert paper.samples.tolist() == [[2, 6]]
    assert (paper.segments.start_s.tolist(), paper.segments.end_s.tolist()) == ([1.0], [3.0])


def test_an_action_up_to_the_last_sample_ends_with_its_span() -> None:
    found = localize(
        peaks(10, 2, 9), np.zeros(10), np.arange(10.0), 9.7, with_overrides("default", {})
    )
    assert found.samples[0].tolist() == [2, 9]
    assert found.segments.end_s[0] == 9.7


def test_two_samples_are_enough_for_the_default_and_not_for_the_paper() -> None:
    arguments = ([[0.9, 0.1], [0.1, 0.9]], [0.3, 0.3], [0.0, 1.0], 2.0)
    found = localize(*arguments)
    assert (found.samples.tolist(), found.segments.end_s.tolist()) == ([[0, 1]], [2.0])
    paper = localize(*arguments, PAPER)
    assert paper.reason == "2 samples are fewer than the 3 the paper needs"


def test_with_no_sample_in_the_top_the_paper_takes_the_whole_video() -> None:
    few = with_overrides("zeal-paper", {"top_fraction": 0.1})
    found = localize(peaks(5, 3, 1), np.full(5, 0.3), np.arange(5), 5, few)
    assert found.samples.tolist() == [[0, 4]]


def test_without_a_pair_the_paper_takes_the_first_of_both_and_the_default_nothing() -> None:
    # Start and end both peak at sample 3: no end is later.
    arguments = (peaks(10, 3, 3), np.full(10, 0.3), np.arange(10), 10)
    few = {"top_fraction": 0.1}
    paper = localize(*arguments, with_overrides("zeal-paper", few))
    assert paper.samples.tolist() == [[3, 3]]
    assert paper.segments.start_s == paper.segments.end_s == [3.0]
    assert localize(*arguments, with_overrides("default", few)).reason == (
        "no start is followed by an end"
    )
    backwards = (peaks(10, 6, 3), *arguments[1:])
    for variant in ("default", "zeal-paper"):
        found = localize(*backwards, with_overrides(variant, few))
        assert (len(found), found.reason) == (0, "no start is followed by an end")


@pytest.mark.parametrize("preset", ["default", "zeal-paper"])
def test_no_samples_give_a_reason(preset: str) -> None:
    found = localize(np.zeros((0, 2)), [], [], 0.0, PRESETS[preset])
    assert (len(found), found.reason) == (0, "there are no samples")
    assert found.samples.shape == (0, 2)


@pytest.mark.parametrize("preset", ["default", "zeal-paper"])
@pytest.mark.parametrize(("column", "which"), [(0, "start"), (1, "end")])
def test_a_constant_column_gives_a_reason(preset: str, column: int, which: str) -> None:
    confidence = peaks(20, 3, 9)
    confidence[:, column] = 0.7
    found = localize(confidence, np.full(20, 0.3), np.arange(20), 20, PRESETS[preset])
    assert len(found) == 0
    assert found.reason == f"the {which} confidence is constant: it does not say when"


def test_one_sample_is_a_constant_column() -> None:
    found = localize([[0.9, 0.9]], [0.3], [0.0], 1.0)
    assert found.reason == "the start confidence is constant: it does not say when"


def test_the_paper_skips_unlikely_classes_unless_told_not_to() -> None:
    arguments = (peaks(20, 3, 9) / 10, np.full(20, 0.3), np.arange(20), 20)
    reason = localize(*arguments, PAPER).reason
    assert reason is not None
    assert reason.endswith("is below min_mean_confidence=0.1")
    assert len(localize(*arguments, with_overrides("zeal-paper", {"min_mean_confidence": 0.0})))
    assert len(localize(*arguments))


def test_a_mean_confidence_of_exactly_the_minimum_is_enough() -> None:
    confidence = np.tile([[1.0, 0.0], [0.0, 1.0]], (10, 1))
    rules = with_overrides("zeal-paper", {"min_mean_confidence": 0.5})
    assert len(localize(confidence, np.full(20, 0.3), np.arange(20), 20, rules))


@pytest.mark.parametrize("preset", ["default", "zeal-paper"])
def test_low_scores_give_a_reason(preset: str) -> None:
    found = localize(peaks(20, 3, 9), np.full(20, -0.9), np.arange(20), 20, PRESETS[preset])
    assert found.reason is not None
    assert "proposals score below min_score=0.1, the best -0.6" in found.reason


def test_a_gap_in_seconds_replaces_the_gap_in_samples() -> None:
    rng = np.random.default_rng(3)
    confidence, inside = rng.random((80, 2)), rng.random(80) * 0.3
    arguments = (confidence, inside, np.arange(80) / 4, 20.0)
    samples = localize(*arguments, with_overrides("default", {"min_gap_samples": 5}))
    seconds = localize(*arguments, with_overrides("default", {"min_gap_s": 1.25}))
    assert samples.samples.tolist() == seconds.samples.tolist()
    wider = localize(*arguments, with_overrides("default", {"min_gap_s": 2.0}))
    assert np.diff(np.unique(wider.samples[:, 0])).min() >= 8


@pytest.mark.parametrize(
    ("confidence", "message"),
    [
        ([[0.1, math.nan]], r"confidence must be finite, got nan"),
        ([[0.1, 1.5]], r"confidence must lie in \[0, 1\], got 1.5"),
        ([[0.1]], r"confidence must have shape \(1, 2\)"),
    ],
)
def test_broken_input_is_refused(confidence: list[list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        localize(confidence, [0.3], [0.0], 1.0)


videos = st.tuples(
    st.integers(0, 60), st.integers(0, 2**32 - 1), st.sampled_from(list(PRESETS))
)


@settings(deadline=None)
@given(videos)
def test_proposals_are_sorted_inside_the_video_and_agree_with_their_samples(
    video: tuple[int, int, str],
) -> None:
    count, seed, preset = video
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.1, 2, count))
    end = float(times[-1] + 0.3) if count else 0.0
    found = localize(rng.random((count, 2)), rng.random(count), times, end, PRESETS[preset])
    assert (len(found) == 0) == (found.reason is not None)
    first, last = found.samples.T
    assert (np.diff(found.segments.score) <= 0).all()
    assert (found.segments.score >= 0.1).all()
    np.testing.assert_array_equal(found.segments.start_s, times[first])
    ends = times if preset == "zeal-paper" else np.append(times, end)[1:]
    np.testing.assert_array_equal(found.segments.end_s, ends[last])
    assert len({(a, b) for a, b in found.samples.tolist()}) == len(found)


@settings(deadline=None)
@given(videos, st.integers(1, 7), st.integers(-50, 50))
def test_only_the_shape_of_the_confidence_matters_and_time_may_shift(
    video: tuple[int, int, str], eighths: int, shift: int
) -> None:
    count, seed, preset = video
    rng = np.random.default_rng(seed)
    rules = with_overrides(preset, {"min_mean_confidence": 0.0})
    # Multiples of 1/64 and powers of two, so that scaling is exact and ties stay ties.
    confidence, inside = rng.integers(0, 65, (count, 2)) / 64, rng.integers(0, 33, count) / 64
    times = np.arange(count)
    here = localize(confidence, inside, times, count, rules)
    scaled = confidence / 8 + eighths / 8
    there = localize(scaled, inside, times + shift, count + shift, rules)
    assert here.samples.tolist() == there.samples.tolist()
    np.testing.assert_array_equal(here.segments.score, there.segments.score)
    np.testing.assert_array_equal(here.segments.start_s + shift, there.segments.start_s)
    np.testing.assert_array_equal(here.segments.end_s + shift, there.segments.end_s)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_paper_in_samples_does_not_depend_on_the_clock(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, inside = rng.random((40, 2)), rng.random(40)
    slow = localize(confidence, inside, np.arange(40), 40, PAPER)
    fast = localize(confidence, inside, np.cumsum(rng.uniform(0.1, 1, 40)), 99, PAPER)
    assert slow.samples.tolist() == fast.samples.tolist()
    np.testing.assert_array_equal(slow.segments.score, fast.segments.score)
