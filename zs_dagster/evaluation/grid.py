"""Grids of settings, as people write them."""

import math
from collections.abc import Mapping, Sequence
from itertools import product

from zs_dagster.errors import InputError

Value = int | float | str | bool | None
Point = Mapping[str, Value]
"""Parameter -> value; a point without a parameter leaves it as it is."""

MAX_POINTS = 10_000
WORDS: dict[str, Value] = {"true": True, "false": False, "none": None}
STEP_SLACK = 1e-9  # 0:1:0.1 includes 1, although ten times 0.1 is not quite 1


def parse_grid(texts: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Read ``name=value,value`` and ``name=first:last:step`` (last included).

    Numbers are numbers, ``true``, ``false`` and ``none`` what they say; all else is a word.

    Args:
        texts: One per parameter.

    Returns:
        Parameter -> its different values, in the order given.

    Raises:
        InputError: If a text has another form, a parameter comes twice, or the grid has more
            than `MAX_POINTS` points.
    """
    grid: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        name, separator, said = text.partition("=")
        name = name.strip()
        if not (name and separator and said.strip()):
            raise InputError(
                f"a grid is NAME=VALUE,VALUE or NAME=FIRST:LAST:STEP, got '{text}'"
            )
        if name in grid:
            raise InputError(f"grid parameter {name} comes twice; give it all values at once")
        parts = said.split(",")
        grid[name] = tuple(dict.fromkeys(v for part in parts for v in _values(part, text)))
    count = math.prod(len(values) for values in grid.values())
    if not texts or count > MAX_POINTS:
        raise InputError(
            f"a grid must have 1 to {MAX_POINTS} points, got {count * bool(texts)}; give "
            "parameters as NAME=VALUES, fewer values where there are too many points"
        )
    return grid


def points(grid: Mapping[str, Sequence[Value]]) -> list[Point]:
    """Return every combination; the first parameter varies slowest."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def _values(part: str, text: str) -> list[Value]:
    said = part.strip()
    if ":" in said:
        return _span(said, text)
    if not said:
        raise InputError(f"grid '{text}' has an empty value")
    return [_value(said)]


def _span(said: str, text: str) -> list[Value]:
    """Return ``first, first + step, ...`` up to and with ``last``."""
    bounds = [_value(bound.strip()) for bound in said.split(":")]
    numbers = [b for b in bounds if isinstance(b, int | float) and not isinstance(b, bool)]
    if len(numbers) != 3 or len(bounds) != 3 or numbers[2] <= 0 or numbers[1] < numbers[0]:
        raise InputError(
            f"grid '{text}': '{said}' must be FIRST:LAST:STEP, numbers with FIRST <= LAST and "
            "STEP > 0"
        )
    first, last, step = numbers
    steps = (last - first) / step + STEP_SLACK
    if steps >= MAX_POINTS:
        raise InputError(f"grid '{text}' has more than {MAX_POINTS} values; take a larger step")
    # Rounding hides what adding steps does to the last digits: 0.30000000000000004.
    values = [first + i * step for i in range(int(steps) + 1)]
    return [v if isinstance(v, int) else round(v, 12) for v in values]


def _value(said: str) -> Value:
    if said.lower() in WORDS:
        return WORDS[said.lower()]
    for kind in (int, float):
        try:
            number = kind(said)
        except ValueError:
            continue
        if not math.isfinite(number):
            raise InputError(f"a grid value must be finite, got '{said}'")
        return number
    return said
