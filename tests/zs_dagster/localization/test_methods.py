"""What a dataset file says about a method, and what a run may try."""

import dataclasses
from typing import Any

import pytest

from zs_dagster.errors import InputError
from zs_dagster.localization.clip_only import ClipOnlyParameters
from zs_dagster.localization.methods import method_parameters
from zs_dagster.localization.parameters import PRESETS, ZealParameters, with_overrides


@pytest.mark.parametrize("localizer", ["zeal", "random"])
def test_the_file_wins_over_the_run_and_both_over_the_preset(localizer: str) -> None:
    given = {"confidence_weight": 0.3}
    tried = {"confidence_weight": 0.9, "min_score": 0.2}
    found = method_parameters(localizer, "zeal-paper", given, tried)
    expected: dict[str, Any] = {"confidence_weight": 0.3, "min_score": 0.2}
    assert found == dataclasses.replace(PRESETS["zeal-paper"], **expected)


def test_what_a_run_tries_is_not_for_clip_only() -> None:
    tried = {"confidence_weight": 0.9, "min_score": 0.5}
    found = method_parameters("clip-only", "default", {"thresholds": [0.2]}, tried)
    assert isinstance(found, ClipOnlyParameters)
    assert list(found.thresholds) == [0.2]
    assert found.min_score == ClipOnlyParameters().min_score


def test_a_whole_number_written_as_a_fraction_is_a_count() -> None:
    found = method_parameters("zeal", "default", {}, {"min_gap_samples": 2.0})
    assert isinstance(found, ZealParameters)
    assert found.min_gap_samples == 2
    assert isinstance(found.min_gap_samples, int)
    assert isinstance(with_overrides("default", {"min_score": 1.0}).min_score, float)


@pytest.mark.parametrize("value", [2.5, float("inf"), float("nan"), "2.0", True, 0.0])
def test_no_other_number_is_a_count(value: object) -> None:
    with pytest.raises(InputError, match="min_gap_samples must be a whole number >= 1, got "):
        method_parameters("zeal", "default", {}, {"min_gap_samples": value})


@pytest.mark.parametrize(
    ("localizer", "given", "tried", "rule"),
    [
        ("zeal", {"sigma": 1}, {}, "unknown ZEAL parameter sigma; known are variant"),
        ("zeal", {}, {"sigma": 1}, "unknown ZEAL parameter sigma; known are variant"),
        ("random", {"seed": 1}, {}, "unknown ZEAL parameter seed"),
        ("clip-only", {"merge_tiou": 1}, {}, "unknown CLIP-only parameter merge_tiou; known "),
    ],
)
def test_an_unknown_name_lists_the_known_ones(
    localizer: str, given: dict[str, Any], tried: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        method_parameters(localizer, "default", given, tried)


@pytest.mark.parametrize(
    "given",
    [
        {"thresholds": 0.5},
        {"thresholds": "0.5"},
        {"thresholds": [0.5, None]},
        {"soft_nms_sigma": "wide"},
        {"min_score": "low"},
    ],
    ids=str,
)
def test_a_value_of_a_wrong_type_is_told_the_right_ones(given: dict[str, Any]) -> None:
    rule = "CLIP-only parameters must be thresholds: a list of numbers, is_normalised: true or"
    with pytest.raises(InputError, match=rule):
        method_parameters("clip-only", "default", given, {})


def test_a_switch_is_true_or_false() -> None:
    with pytest.raises(InputError, match="is_normalised must be true or false, got 'no'"):
        method_parameters("clip-only", "default", {"is_normalised": "no"}, {})
