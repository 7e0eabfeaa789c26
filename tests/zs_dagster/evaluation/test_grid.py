"""Grids, as people write them."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.grid import MAX_POINTS, parse_grid, points


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=.1,.2,.35", (0.1, 0.2, 0.35)),
        ("a=0:1:0.25", (0, 0.25, 0.5, 0.75, 1)),
        ("a=0:1:0.1", (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)),
        ("a=0:1:0.4", (0, 0.4, 0.8)),
        ("a=3:3:1", (3,)),
        ("a=1:3:1,5", (1, 2, 3, 5)),
        ("a=none,true,false,name", (None, True, False, "name")),
        ("a=2,2,1", (2, 1)),
        ("a=-1:1:1", (-1, 0, 1)),
    ],
)
def test_values_are_lists_and_spans(text: str, values: tuple[object, ...]) -> None:
    assert parse_grid([text]) == {"a": values}


def test_whole_numbers_stay_whole() -> None:
    assert [type(value) for value in parse_grid(["a=1:3:1"])["a"]] == [int, int, int]
    assert [type(value) for value in parse_grid(["a=1,2.0"])["a"]] == [int, float]


def test_points_are_every_combination() -> None:
    grid = parse_grid(["a=1,2", "b=x,y"])
    assert points(grid) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        ([], "a grid must have 1 to 10000 points, got 0; give parameters as NAME=VALUES"),
        (["a"], "a grid is NAME=VALUE,VALUE or NAME=FIRST:LAST:STEP, got 'a'"),
        (["=1"], "got '=1'"),
        (["a="], "got 'a='"),
        (["a=1,,2"], "grid 'a=1,,2' has an empty value"),
        (["a=1", "a=2"], "grid parameter a comes twice; give it all values at once"),
        (["a=1:2"], "grid 'a=1:2': '1:2' must be FIRST:LAST:STEP"),
        (["a=2:1:1"], "FIRST <= LAST and STEP > 0"),
        (["a=0:1:0"], "FIRST <= LAST and STEP > 0"),
        (["a=0:true:1"], "FIRST <= LAST and STEP > 0"),
        (["a=0:1:1e-9"], "has more than 10000 values; take a larger step"),
        (["a=nan"], "a grid value must be finite, got 'nan'"),
        (["a=0:inf:1"], "a grid value must be finite, got 'inf'"),
        (["a=0:200:1", "b=0:200:1"], "a grid must have 1 to 10000 points, got 40401"),
    ],
)
def test_what_is_no_grid_is_refused(texts: list[str], rule: str) -> None:
    with pytest.raises(InputError, match=re.escape(rule)):
        parse_grid(texts)


@given(
    first=st.integers(-50, 50),
    count=st.integers(0, 200),
    step=st.sampled_from([0.01, 0.1, 0.3, 1]),
)
def test_a_span_holds_both_ends(first: int, count: int, step: float) -> None:
    last = round(first + count * step, 9)
    values = parse_grid([f"a={first}:{last}:{step}"])["a"]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    assert len(numbers) == count + 1 <= MAX_POINTS
    assert numbers[0] == pytest.approx(first)
    assert numbers[-1] == pytest.approx(last)
    assert all(b - a == pytest.approx(step) for a, b in pairwise(numbers))
