"""`zs-dagster classify`: my clips with my classes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.cli.classify import METHODS, _write, parse_classes
from zs_dagster.errors import InputError
from zs_dagster.evaluation.label_files import Guess, read_guesses
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


def test_classes_are_split_at_commas() -> None:
    assert parse_classes(" golf swing ,high jump,") == ["golf swing", "high jump"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" , ", "must name two classes or more, got ' , '"),
        ("run", "got 'run' alone; it would always be the answer"),
        ("run, jump, run", "must differ, got 'run' twice; remove one"),
    ],
)
def test_nothing_to_choose_from_is_refused(text: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        parse_classes(text)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--classes", "run"), "'run' alone; it would always be the answer"),
        (("--classes", "run, jump", "--models", "big"), "profile must be one of demo, "),
        (
            ("--classes", "run, jump", "--json", "/"),
            "--json needs a file in an existing folder",
        ),
        (
            ("--classes", "a, b", "--models", "demo", "--out", __file__),
            "--out must be a folder",
        ),
    ],
)
def test_bad_input_is_one_line(
    cli: "Cli", tiny: "TinyHome", arguments: tuple[str, ...], rule: str
) -> None:
    ended = cli("classify", tiny.videos / "first.mp4", *arguments)
    assert ended.status == 2
    assert rule in ended.err
    assert len(ended.err.splitlines()) == 1


def test_results_of_another_question_are_not_replaced(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text("<p>classify-01234567</p>")
    words = ("--classes", "a, b", "--models", "demo", "--out", tmp_path)
    ended = cli("classify", tiny.videos / "first.mp4", *words)
    rule = "--out must hold no results of other videos, words or settings"
    assert ended.status == 2
    assert ended.err.startswith(f"error: {rule}, got '{tmp_path}/report.html'")
    assert not list((tiny.root / "datasets").glob("classify-*"))


def test_files_that_cannot_be_clips_are_one_line(cli: "Cli", tiny: "TinyHome") -> None:
    same = ("--classes", "run, jump", "--models", "demo")
    missing = cli("classify", tiny.videos / "nothing.mp4", *same)
    assert missing.status == 2
    assert "nothing.mp4' does not exist; check the path" in missing.err
    folder = cli("classify", tiny.videos, *same)
    assert folder.status == 2
    assert "is a folder; give its files" in folder.err
    assert not list((tiny.root / "datasets").glob("classify-*"))


def test_an_unknown_method_names_the_known_ones(cli: "Cli", tiny: "TinyHome") -> None:
    ended = cli("classify", tiny.videos / "first.mp4", "--classes", "a, b", "--method", "best")
    assert ended.status == 2
    assert ended.err == "error: --method must be one of clip, zar, both, got 'best'\n"


def test_of_both_methods_the_adapted_one_answers() -> None:
    assert [names[-1] for names in METHODS.values()] == ["clip", "zar", "zar"]


def test_answers_are_written_as_evaluation_reads_them(tmp_path: Path) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "out"
    home.reports.mkdir(parents=True)
    (home.reports / "x.html").write_text("<p>page")
    folder.mkdir()
    guesses = [(1, "Jump, high", 0.75), (2, "run", 0.25)]
    rows = [
        {"video_id": "läuft", "rank": rank, "label": label, "probability": p}
        for rank, label, p in guesses
    ]
    _write(home, "x", folder, rows[::-1])
    assert read_guesses(folder / "predictions.csv") == {
        "läuft": [Guess(label, p, rank) for rank, label, p in guesses]
    }
    assert read_guesses(folder / "predictions.json") == {
        "läuft": [Guess(label, p) for _, label, p in guesses]
    }
    assert list(json.loads((folder / "predictions.json").read_text())) == ["läuft"]
    assert (folder / "report.html").read_text() == "<p>page"
