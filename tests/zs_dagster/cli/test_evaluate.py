"""`zs-dagster evaluate localization`: its contract and a case computed by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

TRUTH = {
    "database": {
        "a": {
            "annotations": [
                {"label": "jump", "segment": [0, 10]},
                {"label": "run", "segment": [20, 30]},
            ]
        },
        "b": {"annotations": [{"label": "jump", "segment": [0, 10]}]},
    }
}
# `jump` of a is hit exactly; that of b overlaps by 6/10; `run` is missed.
FOUND = {
    "results": {
        "a": [
            {"label": "jump", "score": 0.9, "segment": [0, 10]},
            {"label": "run", "score": 0.8, "segment": [50, 60]},
        ],
        "b": [{"label": "jump", "score": 0.7, "segment": [0, 6]}],
    }
}


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def evaluate(cli: "Cli", tmp_path: Path) -> Callable[..., "Ended"]:
    """Evaluate predictions against ground truth, thumos14 unless told otherwise."""

    def call(*more: object, truth: object = TRUTH, found: object = FOUND) -> "Ended":
        files = [write(tmp_path / "gt.json", truth), write(tmp_path / "pred.json", found)]
        given = ("--ground-truth", files[0], "--predictions", files[1])
        protocol = () if "--protocol" in more else ("--protocol", "thumos14")
        return cli("evaluate", "localization", *given, *protocol, *more)

    return call


def test_the_answer_follows_the_contract_and_the_hand(evaluate: "Cli") -> None:
    ended = evaluate("--json")
    assert (ended.status, ended.err) == (0, "")
    answer: dict[str, Any] = json.loads(ended.out)
    assert set(answer) == {
        "protocol",
        "thresholds",
        "mAP",
        "average_mAP",
        "per_class",
        "n_ground_truth",
        "n_predictions",
    }
    assert answer["protocol"] == "thumos14"
    assert answer["thresholds"] == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert (answer["n_ground_truth"], answer["n_predictions"]) == (3, 3)
    # At 0.5 both jumps are found: AP 1. At 0.7 one of two is, before the miss: AP 1/2.
    assert answer["per_class"]["jump"]["0.5"] == pytest.approx(1.0)
    assert answer["per_class"]["jump"]["0.7"] == pytest.approx(0.5)
    assert set(answer["per_class"]["run"].values()) == {0.0}
    assert answer["mAP"]["0.5"] == pytest.approx(0.5)
    assert answer["mAP"]["0.7"] == pytest.approx(0.25)
    assert answer["average_mAP"] == pytest.approx(sum(answer["mAP"].values()) / 5)


def test_a_class_file_restricts_both_sides(evaluate: "Cli", tmp_path: Path) -> None:
    classes = write(tmp_path / "classes.txt", "\n jump \n\njump\n")
    answer = json.loads(evaluate("--json", "--classes", classes).out)
    assert set(answer["per_class"]) == {"jump"}
    assert (answer["n_ground_truth"], answer["n_predictions"]) == (2, 2)
    assert answer["mAP"]["0.5"] == pytest.approx(1.0)


def test_a_person_reads_percent(evaluate: "Cli") -> None:
    ended = evaluate()
    assert ended.status == 0
    assert "mAP@0.5           50.00 %" in ended.out


@pytest.mark.parametrize("protocol", ["activitynet", "thumos14", "zeal-paper"])
def test_every_protocol_of_the_contract_exists(evaluate: "Cli", protocol: str) -> None:
    answer = json.loads(evaluate("--json", "--protocol", protocol).out)
    assert answer["protocol"] == protocol
    assert set(answer["mAP"]) == {f"{value:g}" for value in answer["thresholds"]}


@pytest.mark.parametrize(
    ("truth", "found", "rule"),
    [
        ("{", FOUND, "gt.json: not valid JSON, line 1"),
        (TRUTH, "[1, 2]", "pred.json: predictions in ActivityNet format must be an object"),
        (FOUND, FOUND, "gt.json: ground truth in ActivityNet format must be an object"),
        (
            TRUTH,
            '{"results": {"a": [{"label": "jump", "score": NaN, "segment": [0, 1]}]}}',
            "pred.json: numbers must be finite, got the literal NaN",
        ),
        (
            TRUTH,
            {"results": {"a": [{"label": "jump", "score": 1, "segment": [2, 1]}]}},
            "pred.json: video 'a', prediction 0: segment must satisfy 0 <= start <= end",
        ),
        ({"database": {}}, FOUND, "ground truth"),
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


@pytest.mark.parametrize(
    ("content", "rule"),
    [("\n \n", "must name at least one class"), (None, "cannot be read: ")],
)
def test_a_class_file_without_classes_is_bad_input(
    evaluate: "Cli", tmp_path: Path, content: str | None, rule: str
) -> None:
    path = tmp_path / "classes.txt"
    if content is not None:
        path.write_text(content)
    ended = evaluate("--classes", path)
    assert ended.status == 2
    assert f"class file '{path}' {rule}" in ended.err


def test_an_unknown_protocol_lists_the_known_ones(evaluate: "Cli") -> None:
    ended = evaluate("--protocol", "thumos15")
    assert ended.status == 2
    assert "thumos14" in ended.err


def test_a_missing_file_is_bad_input(cli: "Cli", tmp_path: Path) -> None:
    given = ("--ground-truth", tmp_path / "none.json", "--predictions", tmp_path / "p.json")
    ended = cli("evaluate", "localization", *given, "--protocol", "thumos14")
    assert ended.status == 2
    assert "none.json': No such file or directory" in ended.err
