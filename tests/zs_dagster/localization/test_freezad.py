"""FreeZAD and T3AL without adaptation on videos whose frames are plain vectors."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.freezad import (
    FREEZAD,
    T3AL0,
    FreezadParameters,
    ThresholdParameters,
    start_freezad,
    start_t3al0,
)

if TYPE_CHECKING:
    from tests.zs_dagster.localization.conftest import MakeScores

PLAIN = ThresholdParameters(remove_background=False)
# Cosine 1 with the text (1, 0) in the samples 2, 3 and 5.
FRAMES = np.array([[0.0, 1], [0, 1], [1, 0], [1, 0], [0, 1], [1, 0], [0, 1]])


def scores(make_scores: "MakeScores", label: str = "jump", text: float = 1.0) -> ClassScores:
    plain = make_scores([0] * 7, [0] * 7)
    return replace(plain, label=label, features=FRAMES, text=np.array([text, 1 - text]))


def test_t3al0_by_hand(make_scores: "MakeScores") -> None:
    (found,) = start_t3al0(PLAIN, 0)([scores(make_scores)])
    assert found.samples.tolist() == [[2, 3], [5, 5]]
    assert found.segments.score.tolist() == [1, 1]  # The mean of the stretched curve.
    assert found.segments.end_s.tolist() == [4, 6]


def test_near_runs_are_joined_and_score_by_what_is_inside(make_scores: "MakeScores") -> None:
    (found,) = start_t3al0(replace(PLAIN, max_gap_s=1.0), 0)([scores(make_scores)])
    assert found.samples.tolist() == [[2, 5]]
    np.testing.assert_allclose(found.segments.score, [3 / 4])


def test_freezad_scores_by_contrast_times_energy(make_scores: "MakeScores") -> None:
    parameters = FreezadParameters(remove_background=False, max_gap_s=1.0)
    (found,) = start_freezad(parameters, 0)([scores(make_scores)])
    # Logits 100, 100, 0, 100 inside, 0 on both sides; energy 4 * 4 / 2.
    np.testing.assert_allclose(found.segments.score, [175 / (1 + np.exp(-8))])


def test_one_class_is_answered_and_the_others_say_why(make_scores: "MakeScores") -> None:
    # Four of seven frames resemble the second text.
    classes = [scores(make_scores), scores(make_scores, "run", 0.0)]
    one, other = start_t3al0(PLAIN, 0)(classes)
    assert one.reason == "the video resembles 'run' more"
    assert other.samples.tolist() == [[0, 1], [4, 4], [6, 6]]
    each, _ = start_t3al0(replace(PLAIN, is_single_label=False), 0)(classes)
    assert each.samples.tolist() == [[2, 3], [5, 5]]


def test_nothing_to_tell_apart_is_told(make_scores: "MakeScores") -> None:
    same = replace(scores(make_scores), features=np.ones((7, 2)))
    (found,) = start_t3al0(PLAIN, 0)([same])
    assert found.reason == "the similarity is constant: it does not say when"
    (high,) = start_t3al0(replace(PLAIN, threshold=2.0), 0)([scores(make_scores)])
    assert high.reason == "no run of samples is above the threshold and long enough"


def test_published_settings_count_frames_of_thirty_per_second() -> None:
    thumos, anet = FREEZAD.presets["default"], FREEZAD.presets["activitynet"]
    assert round(thumos.smoothing_s * 30) == round(thumos.max_gap_s * 30) == 20
    assert (round(anet.max_gap_s * 30), anet.threshold) == (200, 0.7)
    assert round(T3AL0.presets["activitynet"].max_gap_s * 30) == 150
    assert thumos.adaptation_steps == anet.adaptation_steps == 0


def test_only_adaptation_that_is_not_episodic_remembers() -> None:
    for steps, is_episodic, remembers in (
        (0, False, False),
        (1, True, False),
        (1, False, True),
    ):
        given = FreezadParameters(adaptation_steps=steps, is_episodic=is_episodic)
        assert FREEZAD.remembers(given) is remembers
