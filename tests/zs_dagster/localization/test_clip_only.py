"""The baseline without questions: by hand, then properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.localization.clip_only import ClipOnlyParameters, clip_only
from zs_dagster.localization.thresholding import runs


def test_runs_by_hand() -> None:
    active = np.array([True, True, False, True, False, False, True])
    assert runs(active).tolist() == [[0, 1], [3, 3], [6, 6]]
    assert runs(np.zeros(3, dtype=np.bool_)).tolist() == []
    assert runs(np.ones(3, dtype=np.bool_)).tolist() == [[0, 2]]
    assert runs(np.zeros(0, dtype=np.bool_)).tolist() == []


def test_one_threshold_by_hand() -> None:
    # Normalised: 0, 1, 0.5, 0, 0.25. Runs at 0.5: samples 1..2; mean 0.75; ends at 3 * 2 s.
    rules = ClipOnlyParameters(thresholds=(0.5,))
    found = clip_only([0.1, 0.3, 0.2, 0.1, 0.15], np.arange(5) * 2, 10, rules)
    assert found.samples.tolist() == [[1, 2]]
    assert (found.segments.start_s.tolist(), found.segments.end_s.tolist()) == ([2.0], [6.0])
    np.testing.assert_allclose(found.segments.score, [0.75])


def test_a_run_found_twice_is_one_proposal_and_does_not_demote_itself() -> None:
    rules = ClipOnlyParameters(thresholds=(0.3, 0.6, 0.9))
    found = clip_only([0.0, 1.0, 1.0, 0.0], np.arange(4), 4, rules)
    assert found.samples.tolist() == [[1, 2]]
    assert found.segments.score.tolist() == [1.0]


def test_nested_runs_demote_each_other() -> None:
    # 1..3 scores 2/3 and the inner sample 1; their overlap is 1/3.
    rules = ClipOnlyParameters(thresholds=(0.4, 0.9), soft_nms_sigma=1.0)
    found = clip_only([0.0, 0.5, 1.0, 0.5, 0.0], np.arange(5), 5, rules)
    assert found.samples.tolist() == [[2, 2], [1, 3]]
    np.testing.assert_allclose(found.segments.score, [1.0, 2 / 3 * math.exp(-1 / 9)])


def test_raw_cosines_can_be_cut() -> None:
    rules = ClipOnlyParameters(thresholds=(0.25,), is_normalised=False)
    found = clip_only([0.2, 0.26, 0.28, 0.2], np.arange(4), 4, rules)
    np.testing.assert_allclose(found.segments.score, [0.27])
    exactly = clip_only([0.125, 0.25, 0.125], np.arange(3), 3, rules)
    assert exactly.samples.tolist() == [[1, 1]]
    constant = clip_only([0.3, 0.3], [0, 1], 2, rules)
    assert constant.samples.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("actionness", "rules", "reason"),
    [
        ([], ClipOnlyParameters(), "there are no samples"),
        ([0.3, 0.3], ClipOnlyParameters(), "the actionness is constant: it does not say when"),
        (
            [0.1, 0.2],
            ClipOnlyParameters(thresholds=(0.5,), is_normalised=False),
            "no sample reaches a threshold",
        ),
        (
            [0.1, 0.2],
            ClipOnlyParameters(min_score=2.0),
            "all runs score below min_score=2",
        ),
    ],
)
def test_nothing_has_a_reason(
    actionness: list[float], rules: ClipOnlyParameters, reason: str
) -> None:
    found = clip_only(actionness, np.arange(len(actionness)), len(actionness), rules)
    assert (len(found), found.reason) == (0, reason)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"thresholds": ()}, r"thresholds must be one or more numbers in \[-1, 1\], got \(\)"),
        ({"thresholds": (0.3, math.nan)}, r"thresholds must be one or more numbers in"),
        ({"thresholds": (25.0,)}, r"thresholds must be one or more numbers in .* got \(25"),
        ({"soft_nms_sigma": 0}, r"soft_nms_sigma must be > 0, got 0"),
        ({"soft_nms_sigma": math.nan}, r"soft_nms_sigma must be > 0, got nan"),
        ({"min_score": math.inf}, r"min_score must be finite, got inf"),
    ],
)
def test_parameters_must_be_in_range(changed: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ClipOnlyParameters(**changed)  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize("value", [math.nan, 30.0])
def test_broken_actionness_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"actionness must (be finite|lie in)"):
        clip_only([0.1, value], [0, 1], 2)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), max_size=40))
def test_every_proposal_is_a_run_that_reaches_a_threshold(values: list[float]) -> None:
    found = clip_only(values, np.arange(len(values)), len(values))
    if not len(found):
        assert found.reason
        return
    curve = (np.array(values) - min(values)) / (max(values) - min(values))
    for first, last in found.samples.tolist():
        assert curve[first : last + 1].min() >= 0.3
    assert (np.diff(found.segments.score) <= 0).all()
    assert (found.segments.score <= 1 + 1e-12).all()
