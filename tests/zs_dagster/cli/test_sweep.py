"""`zs-dagster sweep`: what bad input is told; `tests/assets/test_sweep.py` sweeps a run."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

GRID = ("--grid", "confidence_weight=0:1:0.5", "--grid", "top_k=1,2")


@pytest.mark.usefixtures("tiny")
def test_a_dataset_that_never_ran_is_told_so(cli: "Cli") -> None:
    ended = cli("sweep", "tiny", *GRID)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.strip().endswith("materialise the asset 'videos' first")


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["tiny"], "a grid must have 1 to 10000 points, got 0; give parameters as NAME=VALUES"),
        (
            ["tiny", "--grid", "top_k"],
            "a grid is NAME=VALUE,VALUE or NAME=FIRST:LAST:STEP, got",
        ),
        (["nothing", *GRID], "dataset must be one of"),
        (["demo-clips", *GRID], "dataset 'demo-clips' is for classification: sweep evaluates"),
        (
            ["tiny", *GRID, "--json", "/no/such/file"],
            "--json needs a file in an existing folder",
        ),
    ],
)
def test_bad_input_is_one_line(cli: "Cli", arguments: list[str], rule: str) -> None:
    ended = cli("sweep", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert rule in ended.err
    assert ended.err.count("\n") == 1
