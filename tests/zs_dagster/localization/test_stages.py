"""Start, middle and end: by hand."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.localization.stages import (
    STAGES,
    StagesParameters,
    localize_by_stages,
    mean_between,
)

if TYPE_CHECKING:
    from tests.zs_dagster.localization.conftest import MakeScores

START, END = [0.5, 0, 0, 0], [0, 0, 0, 0.5]


def test_a_score_is_the_geometric_mean_of_three_answers(make_scores: "MakeScores") -> None:
    scores = make_scores(START, END, middle=[0.1, 0.8, 0.2, 0.1])
    found = localize_by_stages(scores, StagesParameters())
    assert found.samples.tolist() == [[0, 3]]
    middle = np.sqrt(0.8 * 0.2)
    np.testing.assert_allclose(found.segments.score, [(0.5 * middle * 0.5) ** (1 / 3)])


def test_unasked_a_sample_is_middle_as_far_as_it_is_neither(make_scores: "MakeScores") -> None:
    scores = make_scores([0.5, 0.02, 0, 0], [0, 0, 0.02, 0.5])
    found = localize_by_stages(scores, StagesParameters())
    np.testing.assert_allclose(found.segments.score, [(0.5 * 0.98 * 0.5) ** (1 / 3)])


def test_an_asked_middle_may_be_left_unread(make_scores: "MakeScores") -> None:
    asked = make_scores(START, END, middle=[0.1, 0.1, 0.1, 0.1])
    ignored = localize_by_stages(asked, StagesParameters(reads_middle=False))
    unasked = localize_by_stages(make_scores(START, END), StagesParameters())
    assert ignored.segments.score.tolist() == unasked.segments.score.tolist()


def test_only_what_reads_the_middle_says_so() -> None:
    assert STAGES.reads_middle(StagesParameters())
    assert not STAGES.reads_middle(StagesParameters(reads_middle=False))


def test_mean_between_leaves_out_the_boundaries_where_it_can() -> None:
    values = np.array([9.0, 1, 3, 9, 5])
    samples = np.array([[0, 3], [3, 4], [2, 4]])
    np.testing.assert_allclose(mean_between(values, samples), [2, 7, 9])


def test_a_middle_that_is_no_probability_is_refused(make_scores: "MakeScores") -> None:
    scores = make_scores(START, END, middle=[0, 1.5, 0, 0])
    with pytest.raises(InputError, match=r"middle must lie in \[0, 1\], got 1.5"):
        localize_by_stages(scores, StagesParameters())
