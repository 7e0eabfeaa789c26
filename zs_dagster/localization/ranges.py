"""Which values the parameters of a localizer may have, and what is said about others."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, NamedTuple

from zs_dagster.errors import InputError


class Range(NamedTuple):
    """What must hold of a number.

    Attributes:
        rule: In words, as in "a number in (0, 1]".
        holds: Whether it does.
    """

    rule: str
    holds: Callable[[Any], bool]


FRACTION = Range("a number in [0, 1]", lambda value: 0 <= value <= 1)
SHARE = Range("a number in (0, 1]", lambda value: 0 < value <= 1)
POSITIVE = Range("a number > 0", lambda value: 0 < value < float("inf"))
NOT_NEGATIVE = Range("a number >= 0", lambda value: 0 <= value < float("inf"))
FINITE = Range("a number", lambda value: abs(value) < float("inf"))
COUNT = Range("a whole number >= 1", lambda value: value >= 1)
COUNT_OR_NONE = Range("a whole number >= 0", lambda value: value >= 0)
OPTIONAL_POSITIVE = Range("a number > 0, or none", POSITIVE.holds)


def check_ranges(parameters: Any, ranges: Mapping[str, Range]) -> None:  # noqa: ANN401
    """Check a dataclass of parameters: switches are true or false, numbers in their range.

    A parameter whose usual value is None may be None; one whose usual value is a whole number
    must be one.

    Raises:
        InputError: Naming the first that is not, its rule and its usual value.
    """
    for field in fields(parameters):
        value = getattr(parameters, field.name)
        if isinstance(field.default, bool) and not isinstance(value, bool):
            raise InputError(f"{field.name} must be true or false, got {value!r}")
        if field.name in ranges:
            _check(field.name, value, field.default, ranges[field.name])


def _check(name: str, value: object, default: object, rule: Range) -> None:
    """Raise unless a parameter is a number of its range."""
    if default is None and value is None:
        return
    kind = Integral if isinstance(default, int) else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not rule.holds(value):
        remedy = "leave it out" if default is None else f"the usual value is {default}"
        raise InputError(f"{name} must be {rule.rule}, got {value!r}; {remedy}")
