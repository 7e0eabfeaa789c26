"""What holds of every localizer: the interface that others build on."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.localization import registry
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.localizer import Localizer, one_by_one
from zs_dagster.localization.methods import method_parameters
from zs_dagster.localization.proposals import Proposals
from zs_dagster.localization.registry import LOCALIZERS, get_localizer

VARIANTS = [(name, preset) for name, found in LOCALIZERS.items() for preset in found.presets]


def video(length: int, classes: int = 3, seed: int = 0) -> list[ClassScores]:
    rng = np.random.default_rng(seed)
    features, time_s = rng.normal(size=(length, 8)), np.arange(float(length)) * 0.5 + 0.1
    return [
        ClassScores(
            video_id=f"video {seed}",
            label=f"class {number}",
            is_candidate=True,
            is_known=False,
            time_s=time_s,
            confidence=rng.random((length, 2)),
            actionness=rng.uniform(-0.2, 0.6, length),
            end_s=0.5 * length + 0.2,
            features=features,
            text=rng.normal(size=8),
            middle=rng.random(length),
        )
        for number in range(classes)
    ]


@pytest.mark.parametrize(("name", "preset"), VARIANTS)
@pytest.mark.parametrize("length", [0, 1, 2, 3, 30])
def test_every_class_gets_its_proposals_inside_the_video_best_first(
    name: str, preset: str, length: int
) -> None:
    localizer, classes = get_localizer(name), video(length)
    found = localizer.start(localizer.presets[preset], 0)(classes)
    assert len(found) == len(classes)
    for proposals in found:
        segments, samples = proposals.segments, proposals.samples
        assert (len(segments) == 0) is (proposals.reason is not None)
        assert (np.diff(segments.score) <= 0).all()
        if len(segments):
            assert segments.start_s.min() >= classes[0].time_s[0]
            assert segments.end_s.max() <= classes[0].end_s
            assert (samples[:, 0] <= samples[:, 1]).all()


@pytest.mark.parametrize(("name", "preset"), VARIANTS)
def test_no_class_may_be_answered(name: str, preset: str) -> None:
    localizer = get_localizer(name)
    assert localizer.start(localizer.presets[preset], 0)([]) == []


@pytest.mark.parametrize("name", LOCALIZERS)
def test_a_result_does_not_depend_on_the_videos_before(name: str) -> None:
    localizer = get_localizer(name)
    parameters = localizer.presets["default"]
    assert not localizer.remembers(parameters)
    used, fresh = localizer.start(parameters, 0), localizer.start(parameters, 0)
    used(video(20, seed=1))
    for one, other in zip(used(video(25)), fresh(video(25)), strict=True):
        np.testing.assert_array_equal(one.segments.score, other.segments.score)
        np.testing.assert_array_equal(one.segments.start_s, other.segments.start_s)


@pytest.mark.parametrize("name", LOCALIZERS)
def test_every_localizer_has_default_parameters_that_json_can_say(name: str) -> None:
    usual = get_localizer(name).presets["default"]
    assert replace(usual) == usual
    assert all(
        isinstance(value, str | int | float | tuple | None) for value in asdict(usual).values()
    )


@pytest.mark.parametrize(("name", "preset"), VARIANTS)
def test_a_parameter_that_does_not_exist_lists_those_that_do(name: str, preset: str) -> None:
    title = get_localizer(name).title
    with pytest.raises(InputError, match=f"unknown {title} parameter colour; known are [a-z]"):
        method_parameters(name, preset, {"colour": 1}, {})


@pytest.mark.parametrize("name", LOCALIZERS)
def test_a_preset_that_does_not_exist_lists_those_that_do(name: str) -> None:
    with pytest.raises(InputError, match=r"preset must be one of default.*, got 'paper'"):
        method_parameters(name, "paper", {}, {})


def test_a_localizer_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(InputError, match=r"localizer must be one of zeal, .*, got 'bmn'"):
        method_parameters("bmn", "default", {}, {})


@pytest.mark.parametrize(
    ("name", "given", "rule"),
    [
        ("experts", {"max_ends": 1.5}, "max_ends must be a whole number >= 1, got 1.5"),
        ("experts", {"sharpness": 0}, "sharpness must be a number > 0, got 0; the usual val"),
        ("stages", {"reads_middle": 1}, "reads_middle must be true or false, got 1"),
        ("freezad", {"adaptation_steps": -1}, "adaptation_steps must be a whole number >= 0"),
        ("freezad", {"threshold": "mean"}, "threshold must be a number, got 'mean'; leave it"),
        ("freezad", {"is_episodic": "yes"}, "is_episodic must be true or false, got 'yes'"),
        ("t3al0", {"smoothing_s": -0.5}, "smoothing_s must be a number >= 0, got -0.5"),
        ("t3al0", {"learning_rate": 0.1}, "unknown T3AL0 parameter learning_rate"),
    ],
)
def test_values_out_of_their_range_are_refused(
    name: str, given: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        method_parameters(name, "default", given, {})


@dataclass(frozen=True)
class WholeParameters:
    score: float = 1.0


def test_a_new_localizer_is_a_line_in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(scores: ClassScores, parameters: WholeParameters) -> Proposals:
        samples, score = np.array([[0, len(scores.time_s) - 1]]), np.array([parameters.score])
        return Proposals.ranked(
            samples, score, scores.time_s, np.append(scores.time_s[1:], scores.end_s)
        )

    line = Localizer(
        "whole",
        {"default": WholeParameters()},
        lambda parameters, _: one_by_one(lambda scores: whole(scores, parameters)),
    )
    monkeypatch.setitem(registry.LOCALIZERS, "whole", line)
    parameters = method_parameters("whole", "default", {"score": 0.5}, {"min_score": 0.1})
    found = get_localizer("whole").start(parameters, 0)(video(4))
    assert [(len(one), one.segments.score.tolist()) for one in found] == [(1, [0.5])] * 3
