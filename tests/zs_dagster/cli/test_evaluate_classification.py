"""`zs-dagster evaluate classification`: the contract, solved by hand, and bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

Cli = Callable[..., "Ended"]

TRUTH = "video,label\na,jump\nb,jump\nc,run\nd,walk\nd,run\ne,walk\n"
# a is right; b at second sight; c wrong; d right by one of its classes; e is missing.
FOUND = (
    "video,label,probability\na,jump,.8\na,run,.1\na,walk,.1\nb,run,.6\nb,jump,.4\n"
    "c,jump,.9\nd,run,.7\n"
)
OTHER = {"a": [["run", 0.9]], "b": [["jump", 0.8]], "c": [["run", 0.5]], "e": [["walk", 1]]}
DATABASE = {
    "database": {
        "a": {"annotations": [{"label": "jump", "segment": [0, 1]}]},
        "b": {"annotations": [{"label": "jump"}, {"label": "jump"}]},
        "c": {"annotations": [{"label": "run"}]},
        "d": {"annotations": [{"label": "walk"}, {"label": "run"}]},
        "e": {"annotations": [{"label": "walk"}]},
        "withheld": {},
    }
}


def write(folder: Path, stem: str, content: object) -> Path:
    path = folder / f"{stem}.{'csv' if isinstance(content, str) else 'json'}"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def evaluate(cli: "Cli", tmp_path: Path) -> Callable[..., "Ended"]:
    """Evaluate predictions against ground truth, those above unless told otherwise."""

    def call(*more: object, truth: object = TRUTH, found: object = FOUND) -> "Ended":
        files = [write(tmp_path, "gt", truth), write(tmp_path, "pred", found)]
        given = ("--ground-truth", files[0], "--predictions", files[1])
        return cli("evaluate", "classification", *given, *more)

    return call


@pytest.mark.parametrize("truth", [TRUTH, DATABASE], ids=["csv", "activitynet"])
def test_the_answer_follows_the_contract_and_the_hand(evaluate: "Cli", truth: object) -> None:
    ended = evaluate("--json", truth=truth)
    assert (ended.status, ended.err) == (0, "")
    answer: dict[str, Any] = json.loads(ended.out)
    assert (answer["n_videos"], answer["n_classes"], answer["n_missing"]) == (5, 3, 1)
    assert answer["top1"] == pytest.approx(2 / 5)
    assert answer["top5"] == pytest.approx(3 / 5)
    # jump 1 of 2, run 1 of 2, walk 1 of 2.
    assert answer["mean_class_accuracy"] == pytest.approx(0.5)
    assert answer["per_class"]["walk"] == {"n_videos": 2, "accuracy": 0.5}
    assert answer["confusions"] == [
        {"truth": "jump", "predicted": "run", "n": 1},
        {"truth": "run", "predicted": "jump", "n": 1},
    ]
    for name, (low, high) in answer["intervals"].items():
        assert 0 <= low <= answer[name] <= high <= 1
    assert answer["intervals"]["top1"] == pytest.approx([0.1176, 0.7693], abs=1e-4)


def test_a_second_method_is_compared_video_by_video(evaluate: "Cli", tmp_path: Path) -> None:
    ended = evaluate("--json", "--compare", write(tmp_path, "other", OTHER))
    compared = json.loads(ended.out)["compare"]
    # First: a, d. Second: b, c, e.
    assert (compared["n_first_only"], compared["n_second_only"]) == (2, 3)
    assert (compared["n_both"], compared["n_neither"]) == (0, 0)
    assert compared["difference"] == pytest.approx(0.2)
    assert compared["interval"][0] < 0.2 < compared["interval"][1]
    # Five coins, two heads or fewer, on either side.
    assert compared["mcnemar_p"] == 1
    assert compared["second"]["top1"] == pytest.approx(0.6)
    # It has one label a video: nobody knows what its second would be.
    assert compared["second"]["top5"] is None


def test_a_person_reads_percent(evaluate: "Cli", tmp_path: Path) -> None:
    out = evaluate("--compare", write(tmp_path, "other", OTHER)).out
    assert "without predictions  1 of them, counted as wrong\n" in out
    assert "top-1                 40.00 %  (95 % interval 11.76 to 76.93)\n" in out
    assert "top-5                not known: no video has so many predictions\n" in out
    assert "second minus first    20.00 %" in out
    assert "2 videos in the first, 3 in the second; McNemar p = 1\n" in out
    assert "walk       2   50.00 %\n" in out
    assert "jump -> run, 1\n" in out


def test_a_class_file_names_classes_without_videos(evaluate: "Cli", tmp_path: Path) -> None:
    classes = tmp_path / "classes.txt"
    classes.write_text("wave\nwalk\nrun\njump\n")
    found = "video,label,probability\na,wave,.5\na,jump,.5\n"
    unknown = evaluate(found=found)
    assert (unknown.status, unknown.out) == (2, "")
    assert "label 'wave' of video 'a' must be one of the 3 classes; --classes" in unknown.err
    answer = json.loads(evaluate("--json", "--classes", classes, found=found).out)
    # Equally probable: the first of the class file wins.
    assert (answer["top1"], answer["n_classes"]) == (0, 4)
    assert answer["per_class"]["wave"] == {"n_videos": 0, "accuracy": None}


def test_other_names_of_a_class_are_not_guessed(evaluate: "Cli", tmp_path: Path) -> None:
    classes = tmp_path / "classes.txt"
    classes.write_text("walk\nrun\n")
    ended = evaluate("--classes", classes)
    assert ended.status == 2
    assert "label 'jump' of video 'a' in the ground truth must be one of the 2" in ended.err


def test_perfect_predictions_are_not_certain(evaluate: "Cli") -> None:
    labels = {"a": "jump", "b": "jump", "c": "run", "d": "walk", "e": "walk"}
    found = {video: [[label, 1]] for video, label in labels.items()}
    answer = json.loads(evaluate("--json", found=found).out)
    assert (answer["top1"], answer["n_missing"], answer["confusions"]) == (1, 0, [])
    assert answer["intervals"]["top1"] == [pytest.approx(0.5655, abs=1e-4), 1]


@pytest.mark.parametrize(
    ("truth", "found", "rule"),
    [
        ("video\na\n", FOUND, "gt.csv:1: the header must have the columns video,label"),
        (TRUTH, "video,label\na,jump\na,jump\n", "pred.csv:3: label 'jump' of 'a' comes twice"),
        (TRUTH, "video,label\nz,jump\n", "pred.csv: video 'z' must be one of the 5 of the"),
        (TRUTH, {"z": []}, "pred.json: video 'z' must be one of the 5 of the ground truth"),
        (TRUTH, {"results": {}}, "pred.json: video 'results' must hold a list of pairs"),
        (TRUTH, "video,label,rank\na,run,2\n", "pred.csv: video 'a': ranks must be 1, 2, …"),
        ({"database": {}}, FOUND, "ground truth must label at least one video, got none"),
        ({"a": "jump"}, FOUND, "gt.json: ground truth in ActivityNet format must be an object"),
    ],
)
def test_bad_files_are_bad_input(
    evaluate: "Cli", truth: object, found: object, rule: str
) -> None:
    ended = evaluate("--json", truth=truth, found=found)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert rule in ended.err


def test_a_bad_second_file_is_bad_input(evaluate: "Cli", tmp_path: Path) -> None:
    ended = evaluate("--compare", tmp_path / "none.csv")
    assert (ended.status, ended.out) == (2, "")
    assert "none.csv': No such file or directory" in ended.err
