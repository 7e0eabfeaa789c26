"""`zs-dagster datasets remove`."""

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import yaml
from filelock import FileLock

from zs_dagster.home import Home
from zs_dagster.results_database import ResultsDatabase

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

OLD, NEW, MINE = "locate-01234567", "classify-89abcdef", "locate-kitchen"


@pytest.fixture
def home(tiny: "TinyHome") -> Home:
    """The tiny home with three datasets more, and results of all."""
    home = Home(tiny.root)
    for name in (OLD, NEW, MINE):
        videos = {"files": [str(tiny.videos / "first.mp4")]}
        described = {"name": name, "videos": videos, "classes": ["a", "b"]}
        (home.datasets / f"{name}.yaml").write_text(yaml.safe_dump(described))
    day_ago = time.time() - 86_400
    os.utime(home.datasets / f"{OLD}.yaml", (day_ago, day_ago))
    for name in ("tiny", OLD, NEW, MINE):
        row = {"label": "a", "prompt_name": "a"} | dict.fromkeys(QUESTIONS, "?")
        home.tables.write("class_queries", name, [row])
    ResultsDatabase(home.results).publish(home.tables.root)
    return home


QUESTIONS = ("start_question", "end_question", "middle_question", "description", "source")


def published(cli: "Cli") -> set[str]:
    rows = json.loads(cli("sql", "select dataset from class_queries", "--json").out)
    return {row["dataset"] for row in rows}


def described(home: Home) -> set[str]:
    return {path.stem for path in home.datasets.glob("*.yaml")}


def test_a_removed_dataset_is_neither_in_the_home_nor_in_the_results(
    cli: "Cli", home: Home, tiny: "TinyHome"
) -> None:
    assert published(cli) == {"tiny", OLD, NEW, MINE}
    ended = cli("datasets", "remove", "tiny", MINE)
    assert ended == (
        0,
        "removed  tiny: 1 table, datasets/tiny.yaml\n"
        f"removed  {MINE}: 1 table, datasets/{MINE}.yaml\n",
        "",
    )
    assert described(home) == {OLD, NEW}
    assert published(cli) == {OLD, NEW}
    assert (tiny.videos / "first.mp4").is_file()
    again = cli("datasets", "remove", "tiny")
    assert again.status == 2
    assert "dataset must be one of " in again.err


def test_what_was_made_on_the_way_goes_by_age(cli: "Cli", home: Home) -> None:
    assert cli("datasets", "remove", "--ad-hoc", "--older-than", 2) == (
        0,
        "there is none to remove\n",
        "",
    )
    assert cli("datasets", "remove", "--ad-hoc", "--older-than", 0.5).status == 0
    assert described(home) == {"tiny", NEW, MINE}
    assert cli("datasets", "remove", "--ad-hoc").status == 0
    # A dataset that a person called so is theirs.
    assert described(home) == {"tiny", MINE} == published(cli)


def test_nothing_is_removed_where_one_is_refused(cli: "Cli", home: Home) -> None:
    (home.root / "locks").mkdir()
    with FileLock(home.root / "locks" / f"{NEW}.lock"):
        running = cli("datasets", "remove", OLD, NEW)
    rule = f"dataset '{NEW}' is being run by another process; wait until that ends"
    assert running == (1, "", f"error: {rule}\n")
    shipped = cli("datasets", "remove", OLD, "demo")
    rule = "dataset must be of your own to be removed, got 'demo', which is shipped"
    assert shipped == (2, "", f"error: {rule}\n")
    assert described(home) == {"tiny", OLD, NEW, MINE} == published(cli)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "give names of datasets, or --ad-hoc; and not both"),
        (["tiny", "--ad-hoc"], "give names of datasets, or --ad-hoc; and not both"),
        (["tiny", "--older-than", "1"], "--older-than is for --ad-hoc; leave it out"),
        (["--ad-hoc", "--older-than", "-1"], "--older-than must be >= 0 days, got -1"),
        (["--ad-hoc", "--older-than", "nan"], "--older-than must be >= 0 days, got nan"),
    ],
)
def test_what_does_not_fit_together_is_one_line(
    cli: "Cli", tiny: "TinyHome", arguments: list[str], rule: str
) -> None:
    assert cli("datasets", "remove", *arguments) == (2, "", f"error: {rule}\n")
    assert tiny.dataset_file.is_file()
