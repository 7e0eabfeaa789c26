"""Parameters: the presets, overrides, and what each value may be."""

import dataclasses
import math

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.localization.parameters import PRESETS, ZealParameters, with_overrides


def test_presets_differ_only_in_the_variant() -> None:
    assert set(PRESETS) == {"default", "zeal-paper"}
    paper = dataclasses.asdict(PRESETS["zeal-paper"])
    assert paper.pop("variant") == "zeal-paper"
    default = dataclasses.asdict(PRESETS["default"])
    assert default.pop("variant") == "default"
    assert default == paper


def test_the_values_are_those_of_the_authors_configuration() -> None:
    assert dataclasses.asdict(PRESETS["zeal-paper"]) == {
        "variant": "zeal-paper",
        "top_fraction": 0.35,
        "min_gap_samples": 5,
        "min_gap_s": None,
        "max_length_fraction": 0.95,
        "confidence_weight": 0.1,
        "soft_nms_sigma": 1.3,
        "min_score": 0.1,
        "merge_tiou": 0.9,
        "normalise_epsilon": 0.05,
        "min_mean_confidence": 0.1,
    }


def test_overrides_change_only_what_they_name() -> None:
    changed = with_overrides("zeal-paper", {"confidence_weight": 0.2, "min_gap_s": 1})
    assert changed == ZealParameters(variant="zeal-paper", confidence_weight=0.2, min_gap_s=1)
    assert with_overrides("default", {}) == PRESETS["default"]


def test_numbers_of_numpy_are_numbers() -> None:
    changed = with_overrides(
        "default", {"soft_nms_sigma": np.float32(2), "min_gap_samples": np.int64(3)}
    )
    assert (changed.soft_nms_sigma, changed.min_gap_samples) == (2, 3)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"preset must be one of default, zeal-paper, got 'paper'"
    ):
        with_overrides("paper", {})


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"unknown ZEAL parameter lambda, sigma; known are variant, top_frac"
    ):
        with_overrides("default", {"sigma": 1, "lambda": 0.2, "min_score": 0.2})


def test_an_unknown_variant_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"variant must be one of default, zeal-paper, got 'x'"
    ):
        with_overrides("default", {"variant": "x"})


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("top_fraction", 0, r"a number in \(0, 1\], got 0; the usual value is 0.35"),
        ("top_fraction", 1.01, r"a number in \(0, 1\], got 1.01"),
        ("min_gap_samples", 0, r"a whole number >= 1, got 0; the usual value is 5"),
        ("min_gap_samples", 2.5, r"a whole number >= 1, got 2.5"),
        ("min_gap_s", 0, r"a number > 0, or none, got 0; leave it out"),
        ("max_length_fraction", -0.1, r"a number in \(0, 1\], got -0.1"),
        ("confidence_weight", 1.5, r"a number in \[0, 1\], got 1.5"),
        ("soft_nms_sigma", 0.0, r"a number > 0, got 0.0; the usual value is 1.3"),
        ("soft_nms_sigma", math.inf, r"a number > 0, got inf"),
        ("min_score", -1, r"a number >= 0, got -1"),
        ("merge_tiou", 2, r"a number in \[0, 1\], got 2"),
        ("normalise_epsilon", 0.5, r"a number in \[0, 0.5\), got 0.5"),
        ("min_mean_confidence", -0.5, r"a number in \[0, 1\], got -0.5"),
        ("confidence_weight", "0.2", r"a number in \[0, 1\], got '0.2'"),
        ("confidence_weight", True, r"a number in \[0, 1\], got True"),
        ("confidence_weight", None, r"a number in \[0, 1\], got None"),
    ],
)
def test_values_must_be_in_range(name: str, value: object, rule: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be {rule}"):
        with_overrides("default", {name: value})


@pytest.mark.parametrize("field", dataclasses.fields(ZealParameters)[1:], ids=lambda f: f.name)
def test_no_value_may_be_nan(field: "dataclasses.Field[object]") -> None:
    with pytest.raises(InputError, match=f"{field.name} must be .*, got nan"):
        with_overrides("default", {field.name: math.nan})
