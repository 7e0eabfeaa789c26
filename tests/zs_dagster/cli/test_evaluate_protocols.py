"""`evaluate localization --compare` and `--matrix`, and `published`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

VIDEOS = [f"video_test_{i:07d}" for i in range(12)]
LABELS = ["GolfSwing", "HighJump", "Diving"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Ground truth, predictions that are right, and ones that are mostly not."""
    truth = {
        video: {"annotations": [{"label": LABELS[i % 3], "segment": [5, 10]}]}
        for i, video in enumerate(VIDEOS)
    }
    right, wrong = (
        {
            video: [
                {"label": LABELS[i % 3], "score": 1 - i / 20, "segment": [start, start + 5]}
            ]
            for i, video in enumerate(VIDEOS)
        }
        for start in (5, 30)
    )
    wrong[VIDEOS[0]] = right[VIDEOS[0]]
    documents = {
        "truth": {"database": truth},
        "right": {"results": right},
        "wrong": {"results": wrong},
        "silent": {"results": {VIDEOS[0]: right[VIDEOS[0]], VIDEOS[3]: []}},
    }
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    return {name: tmp_path / f"{name}.json" for name in documents}


def given(files: dict[str, Path], found: str) -> tuple[object, ...]:
    return ("--ground-truth", files["truth"], "--predictions", files[found])


def test_a_second_file_is_compared_in_numbers_and_in_words(
    cli: "Cli", files: dict[str, Path]
) -> None:
    call = ("evaluate", "localization", *given(files, "wrong"), "--protocol", "thumos14")
    ended = cli(*call, "--compare", files["right"], "--json")
    compared = json.loads(ended.out)["compare"]
    assert compared["second"]["average_mAP"] == 1
    # One of four segments of one of three classes is found.
    assert compared["difference"] == pytest.approx(1 - 1 / 12)
    low, high = compared["interval"]
    assert 0 < low <= compared["difference"] <= high
    assert compared["verdict"] == "better"
    text = cli(*call, "--compare", files["right"]).out
    assert "the second is better than the first: +91.67 points of average mAP" in text
    same = cli(*call, "--compare", files["wrong"]).out
    assert "that the second and the first differ is not shown: +0.00 points" in same


def test_t3al_counts_videos_that_are_listed_without_predictions(
    cli: "Cli", files: dict[str, Path]
) -> None:
    call = ("evaluate", "localization", *given(files, "silent"), "--json", "--protocol")
    assert json.loads(cli(*call, "t3al").out)["n_ground_truth"] == 2
    assert json.loads(cli(*call, "zeal-paper").out)["n_ground_truth"] == 1


def test_the_matrix_names_what_may_be_compared(cli: "Cli", files: dict[str, Path]) -> None:
    call = ("evaluate", "localization", *given(files, "right"), "--matrix", "thumos14")
    answer = json.loads(cli(*call, "--json").out)
    assert answer["dataset"] == "thumos14"
    cells = {
        (c["protocol"], c["videos"], c["classes"], c["candidates"]): c for c in answer["cells"]
    }
    cell = cells["thumos14", "test-212", "all", "filtered"]
    assert cell["average_mAP"] == 1
    assert (cell["published"], cell["sd"], cell["n_videos"]) == ([], None, 12)
    assert any("video_validation_*" in reason for reason in answer["left_out"])
    text = cli(*call).out
    assert text.splitlines()[0].split()[:4] == ["protocol", "videos", "classes", "candidates"]
    assert "ActionFormer, trained on all classes 66.8" in text


@pytest.mark.parametrize("more", [("--protocol", "thumos14"), ("--compare", "x.json")])
def test_the_matrix_takes_no_single_protocol(
    cli: "Cli", files: dict[str, Path], more: tuple[str, ...]
) -> None:
    ended = cli("evaluate", "localization", *given(files, "right"), "--matrix", "demo", *more)
    assert ended.status == 2
    assert "--matrix scores under every protocol" in ended.err


def test_a_protocol_or_a_matrix_is_needed(cli: "Cli", files: dict[str, Path]) -> None:
    ended = cli("evaluate", "localization", *given(files, "right"))
    assert (ended.status, ended.out) == (2, "")
    assert "error: --protocol must be one of activitynet" in ended.err
    unknown = cli("evaluate", "localization", *given(files, "right"), "--matrix", "no")
    assert "dataset must be one of" in unknown.err
    assert unknown.status == 2


def test_published_tables_are_printed_with_their_source(cli: "Cli") -> None:
    tables = json.loads(cli("published", "--json").out)
    assert {"ZEAL", "T3AL", "FreeZAD"} <= {table["title"] for table in tables}
    text = cli("published").out
    assert "arXiv:2410.14340" in text
    assert "ZEAL, LLaVA-OneVision-7B [random-50/50, filtered]" in text
