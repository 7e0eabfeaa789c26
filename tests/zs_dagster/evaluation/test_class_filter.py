"""Precision and recall of the class filter."""

import math

import pytest

from zs_dagster.errors import InputError
from zs_dagster.evaluation.class_filter import filter_quality

CANDIDATES = {"u": ["run", "jump", "swim"], "v": ["swim", "run", "jump"], "w": ["run"]}
TRUTH = {"u": {"jump"}, "v": {"run", "dive"}, "w": {"run"}, "x": {"swim"}}


def test_all_candidates_by_hand() -> None:
    # jump, run and run are found; 7 candidates; 5 true classes.
    quality = filter_quality(CANDIDATES, TRUTH)
    assert (quality.n_correct, quality.n_candidates, quality.n_true) == (3, 7, 5)
    assert (quality.precision, quality.recall) == (3 / 7, 3 / 5)


def test_the_best_k_by_hand() -> None:
    # Top 1: run, swim, run: only the last is true.
    quality = filter_quality(CANDIDATES, TRUTH, top_k=1)
    assert (quality.precision, quality.recall) == (1 / 3, 1 / 5)
    assert filter_quality(CANDIDATES, TRUTH, top_k=9) == filter_quality(CANDIDATES, TRUTH)


def test_nothing_has_neither() -> None:
    nothing = filter_quality({}, {})
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)
    assert filter_quality({"v": []}, {"v": {"run"}}).recall == 0
    assert filter_quality({"v": ["run"]}, {"v": set()}).precision == 0


def test_broken_input_is_refused() -> None:
    with pytest.raises(InputError, match=r"top_k must be >= 1, got 0"):
        filter_quality(CANDIDATES, TRUTH, top_k=0)
    with pytest.raises(
        InputError, match=r"video 'q' has candidates but no ground truth; 2 of 2"
    ):
        filter_quality({"r": ["run"], "q": ["run"]}, TRUTH)
    with pytest.raises(
        InputError, match=r"candidates of video 'w' must differ, got \['run', 'r"
    ):
        filter_quality({"w": ["run", "run"]}, TRUTH)
