"""The classification page shows the numbers given, where they belong."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.zs_dagster.report.classification.pages import PNG, Document, bare_report, full_report
from zs_dagster.report.classification.data import Accuracy, Clip, Difference
from zs_dagster.report.classification.page import classification_page


def test_the_table_of_methods_holds_the_numbers_given() -> None:
    heading, first, second = Document(classification_page(full_report())).cells["metrics"]
    assert [h.strip() for h in heading if "drawn" not in h] == [
        "method",
        "videos",
        "top-1",
        "top-5",
        "mean class",
        "ECE",
    ]
    cells = [" ".join(cell.split()) for cell in first if cell.strip()]
    assert cells[1:] == ["8", "62.5 [30.6, 86.3]", "87.5", "56.7 [30.0, 80.0]", "12.3"]
    assert second[0] == "zar jumpabout zar jump"


def test_missing_numbers_are_dashes() -> None:
    report = full_report()
    bare = replace(report.methods[0], top1=Accuracy(float("nan")), top5=None, ece=None)
    _, row = Document(classification_page(replace(report, methods=[bare]))).cells["metrics"]
    values = [" ".join(row[i].split()) for i in (2, 4, 6)]
    assert values == ["\N{EN DASH}"] * 3
    assert "nan" not in " ".join(row)


def test_differences_are_sentences_with_their_sign() -> None:
    report = full_report()
    worse = Difference("zar", "clip", -0.25, -0.4, -0.1, 0.0002)
    both = replace(report, differences=[*report.differences, worse])
    words = Document(classification_page(both)).words
    first = (
        "zar jump has 1.0 points more than clip jump, 95 % interval \N{MINUS SIGN}2.1 to +4.2, "
        "McNemar p = 0.45. The interval does not exclude zero."
    )
    second = (
        "clip has 25.0 points less than zar, 95 % interval "
        "\N{MINUS SIGN}40.0 to \N{MINUS SIGN}10.0, McNemar p < 0.001. Percentage"
    )
    assert first in words
    assert second in words


def test_the_confusion_table_has_true_classes_as_rows() -> None:
    table = Document(classification_page(full_report())).cells["confusion"]
    assert table == [
        ["true ↓ predicted →", "jump", "run jump", "no prediction"],
        ["jump", "1", "2", "0"],
        ["run jump", "0", "4", "1"],
    ]


@pytest.mark.parametrize(("k", "has_table"), [(60, True), (61, False)])
def test_more_than_sixty_classes_are_a_list_of_pairs(k: int, has_table: bool) -> None:
    report = full_report(more=[f"class {i}" for i in range(k - 2)])
    page = Document(classification_page(report))
    assert ("confusion" in page.cells) is has_table
    pair = (
        "jump taken for run jump: 2 of 3 videos run jump taken for no prediction: 1 of 5 videos"
    )
    assert (pair in page.words) is not has_table
    assert ("2 of 2 confused pairs" in page.words) is not has_table


def test_without_a_confusion_the_list_says_so() -> None:
    report = full_report(more=[f"class {i}" for i in range(60)])
    right = replace(report.methods[0], confusion=np.eye(62, 63, dtype=np.int64))
    words = Document(classification_page(replace(report, methods=[right]))).words
    assert "No video was taken for another class." in words


def test_classes_come_worst_first() -> None:
    words = Document(classification_page(full_report())).words
    assert "jump 3 33.3 run jump 5 80.0" in words


def test_the_reliability_diagram_has_its_points_diagonal_and_counts() -> None:
    page = Document(classification_page(full_report()))
    drawn = [value for tag, name, value in page.attributes if tag == "path" and name == "d"]
    assert drawn.count("M0 220L220 0") == 2  # One diagonal for each method.
    assert drawn.count("M55.0 110.0 L165.0 110.0") == 2
    xs = [
        float(value) for tag, name, value in page.attributes if (tag, name) == ("circle", "cx")
    ]
    assert xs == [55, 165] * 2
    assert "2 videos: confidence 25.0, accuracy 50.0" in page.words
    assert "25.0 50.0 2 75.0 50.0 6" in page.words


def test_a_clip_shows_frames_times_truth_and_marked_guesses() -> None:
    page = Document(classification_page(full_report()))
    assert "a jump.mp4 true class: jump uniform jump: 0.25, 1.75 s" in page.words
    assert "clip jump ✗ wrong run jump 61.7 jump 30.0" in page.words
    assert "zar jump ✓ right jump 90.0" in page.words
    assert "b jump.mp4 clip jump no prediction" in page.words
    marks = [value for _, name, value in page.attributes if name == "data-wrong"]
    assert marks == ["0", ""]


def test_clips_beyond_two_hundred_are_listed_without_frames() -> None:
    clips = [
        Clip(f"v{i}.mp4", "jump", PNG, "", [], {"clip": [("run", 0.5)]}) for i in range(203)
    ]
    page = Document(classification_page(bare_report(clips)))
    assert page.tags.count("img") == 200
    assert "200 of 203 videos are shown in full" in page.words
    assert page.words.count("✗ wrong: run 50.0") == 3
    assert len([a for a in page.attributes if a[1] == "data-wrong" and a[2] == "0"]) == 203


def test_without_ground_truth_guesses_stay_and_nothing_is_marked() -> None:
    clips = [Clip("v.mp4", None, PNG, "uniform", [1.0], {"clip": [("run", 0.5)]})]
    page = Document(classification_page(bare_report(clips)))
    assert "No accuracy: there is no ground truth to compare with." in page.words
    assert "clip run 50.0" in page.words
    assert not re.search("wrong|right|true class|Methods|Differences", page.words)


def test_an_empty_report_says_what_is_missing() -> None:
    words = Document(classification_page(bare_report())).words
    assert words.endswith("there is no ground truth to compare with. Videos No videos.")


def test_files_left_out_have_their_reasons() -> None:
    report = full_report()
    assert "broken jump.mp4 cut jump" in Document(classification_page(report)).words
    many = replace(report, left_out=[(f"f{i}", "cut") for i in range(31)])
    page = Document(classification_page(many))
    assert "Left out 31 files" in page.words
    assert sum(1 for tag, name, _ in page.attributes if (tag, name) == ("details", "open")) == 1
