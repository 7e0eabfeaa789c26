"""Ranges of the settings, and their messages."""

import math
import subprocess
import sys
from typing import Any, TypeAlias

import pytest

from zs_dagster.errors import InputError
from zs_dagster.models.prompt_tuning.parameters import ZarParameters

Value: TypeAlias = Any


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rho", 0, r"rho must be in \(0, 1\], got 0"),
        ("rho", 1.01, r"rho must be in \(0, 1\], got 1.01"),
        ("rho", math.nan, r"rho must be in \(0, 1\], got nan"),
        ("objective", "max", "objective must be one of marginal, mean, got 'max'"),
        ("fusion", "late", "fusion must be one of embedding, decision, image, got 'late'"),
        ("n_steps", -1, "n_steps must be >= 0, got -1"),
        ("lr", -0.1, "lr must be finite and >= 0, got -0.1"),
        ("lr", math.inf, "lr must be finite and >= 0, got inf"),
        ("weight_decay", math.nan, "weight_decay must be finite and >= 0, got nan"),
        ("betas", (0.9, 1.0), r"betas must be two numbers in \[0, 1\), got \(0.9, 1.0\)"),
        ("betas", (0.9,), r"betas must be two numbers in \[0, 1\), got \(0.9,\)"),
        ("eps", 0.0, "eps must be finite and > 0, got 0.0"),
        ("ctx_init", " ", "ctx_init must have a word, got ' '"),
        ("n_steps", 1.5, "n_steps must be a whole number, got 1.5"),
        ("n_steps", True, "n_steps must be a whole number, got True"),
        ("ctx_init", 5, "ctx_init must be a text, got 5"),
        ("suffix", 4, "suffix must be a text, got 4"),
        ("reselect_each_step", 3, "reselect_each_step must be true or false, got 3"),
        ("text_chunk", 0, "text_chunk must be 'auto' or >= 1, got 0"),
        ("text_chunk", "all", "text_chunk must be 'auto' or >= 1, got 'all'"),
    ],
)
def test_a_value_out_of_range_is_named(name: str, value: Value, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        ZarParameters(**{name: value})


def test_the_ends_of_ranges_are_allowed() -> None:
    ZarParameters(rho=1, n_steps=0, lr=0, weight_decay=0, betas=(0, 0), text_chunk=1)


def test_settings_are_free_to_import() -> None:
    code = (
        "import sys, zs_dagster.models.prompt_tuning.parameters; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
