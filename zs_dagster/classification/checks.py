"""Ranges of parameters that people set, in one wording."""

import math
from typing import TypeGuard

from zs_dagster.errors import InputError


def is_finite(value: object) -> TypeGuard[int | float]:
    """Say whether a value is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def check_positive(name: str, value: object) -> None:
    """Refuse what is not a finite number > 0."""
    if not (is_finite(value) and value > 0):
        raise InputError(f"{name} must be a finite number > 0, got {value!r}")


def check_not_negative(name: str, value: object) -> None:
    """Refuse what is not a finite number >= 0."""
    if not (is_finite(value) and value >= 0):
        raise InputError(f"{name} must be a finite number >= 0, got {value!r}")


def check_count(name: str, value: object) -> None:
    """Refuse what is not a whole number >= 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{name} must be a whole number >= 1, got {value!r}")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false, got {value!r}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse what is not one of the choices."""
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
