"""What the terminal says of predicted classes."""

from typing import Any

import pytest

from zs_dagster.cli.class_tables import sentences, show_accuracy, show_classes


def row(metric: str, value: float, method: str = "zar", split: str = "all") -> dict[str, Any]:
    said = {"dataset": "clips", "method": method, "split": split, "metric": metric}
    return said | {"value": value, "low": None, "high": None}


def gain(value: float, low: float, high: float, p: float) -> list[dict[str, Any]]:
    difference = row("top1_minus_zar-unadapted", value) | {"low": low, "high": high}
    return [row("top1", 0.5), difference, row("mcnemar_p_zar-unadapted", p)]


@pytest.mark.parametrize(
    ("value", "ends", "p", "said"),
    [
        (0.01, (-0.021, 0.042), 0.451, "+1.0 {} -2.1 to 4.2, McNemar p 0.45"),
        (-0.01, (-0.042, -0.001), 1e-9, "-1.0 {} -4.2 to -0.1, McNemar p < 0.001"),
        (-0.0001, (-0.0001, 0.0), 1.0, "+0.0 {} 0.0 to 0.0, McNemar p 1"),
    ],
)
def test_a_difference_keeps_its_sign(
    value: float, ends: tuple[float, float], p: float, said: str
) -> None:
    words = "points of top-1 over zar-unadapted, 95 % interval"
    found = list(sentences(gain(value, *ends, p)))
    assert found == [f"zar has {said.format(words)}"]


def test_of_several_sets_each_is_named_and_groups_have_their_mean() -> None:
    rows = [
        row("top1", 0.5, split="test1"),
        row("top1", 0.7, split="test2"),
        *({**each, "split": "test2"} for each in gain(0.0, 0.0, 0.0, 1.0)[1:]),
        row("top1_mean", 0.6, split="test*"),
        row("top1_sd", 0.1414, split="test*"),
        row("top1_harmonic_mean", 0.672, split="base-to-novel"),
    ]
    assert list(sentences(rows)) == [
        "zar has +0.0 points of top-1 over zar-unadapted on test2, 95 % interval 0.0 to 0.0, "
        "McNemar p 1",
        "zar has a mean top-1 of 60.0 % over test*, sd 14.1",
        "zar has a harmonic mean of top-1 of 67.2 % over base and novel classes of "
        "base-to-novel",
    ]


def test_accuracies_are_in_percent_with_their_interval(
    capsys: pytest.CaptureFixture[str],
) -> None:
    top1 = row("top1", 0.4) | {"low": 0.1176, "high": 0.7693}
    show_accuracy([top1, row("top5", 0.8), row("mean_class_accuracy", 4 / 9)])
    shown = capsys.readouterr().out
    assert "accuracy in %, dataset clips" in shown
    cells = [cell.strip() for cell in shown.splitlines()[4].strip("│ ").split("│")]
    assert cells == ["zar", "all", "40.0", "11.8 - 76.9", "80.0", "44.4"]


def test_without_ground_truth_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_accuracy([])
    assert capsys.readouterr().out == "no ground truth, so no metrics\n"


def test_the_best_class_comes_with_the_next_two(capsys: pytest.CaptureFixture[str]) -> None:
    guesses = [("jump", 0.6), ("[run]", 0.3), ("walk", 0.07), ("sit", 0.03)]
    rows = [
        {"video_id": "v", "method": "clip", "rank": rank, "label": label, "probability": p}
        for rank, (label, p) in enumerate(guesses, 1)
    ]
    show_classes(rows[::-1])
    cells = [c.strip() for c in capsys.readouterr().out.splitlines()[4].strip("│ ").split("│")]
    assert cells == ["v", "clip", "jump", "0.60", "[run] 0.30, walk 0.07"]
    show_classes([])
    assert capsys.readouterr().out == "no video was classified\n"
