"""JSON that people and tools hand in."""

import json
import math
from typing import Any, NoReturn

from zs_dagster.errors import InputError

Object = dict[str, Any]


def to_json(document: object) -> str:
    """Write JSON, readable, refusing what is no number."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def from_json(text: str, place: str) -> Any:  # noqa: ANN401 - JSON may be anything
    """Read JSON.

    Raises:
        InputError: If it is none.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not usable JSON: {error}") from error


def objects(value: Any, place: str) -> list[Object]:  # noqa: ANN401
    """Return a list of objects.

    Raises:
        InputError: If it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError(f"{place}: must be a list of objects, got {value!r:.60}")
    return value


def a_list(value: Any, place: str) -> list[Any]:  # noqa: ANN401
    """Return a list, an empty one where there is nothing.

    Raises:
        InputError: If it is something else.
    """
    if value is not None and not isinstance(value, list):
        raise InputError(f"{place}: must be a list, got {value!r:.60}")
    return value or []


def an_object(value: Any, place: str) -> Object:  # noqa: ANN401
    """Return an object.

    Raises:
        InputError: If it is something else.
    """
    if not isinstance(value, dict):
        raise InputError(f"{place}: must be an object, got {value!r:.60}")
    return value


def number(value: Any, place: str) -> float:  # noqa: ANN401
    """Return a finite number.

    Raises:
        InputError: If it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise InputError(f"{place}: must be a finite number, got {value!r:.60}")
    return float(value)


def pair(value: Any, place: str) -> tuple[float, float]:  # noqa: ANN401
    """Return two finite numbers.

    Raises:
        InputError: If it is something else.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise InputError(f"{place}: must be [start, end], got {value!r:.60}")
    return number(value[0], place), number(value[1], place)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {constant}")
