"""`zs-dagster propose`: its contract, and what it says to bad files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

T = 12


def arrays(**changes: object) -> dict[str, Any]:
    """A clear action from sample 3 to sample 8, two samples a second."""
    scores = np.full((T, 2), 0.1)
    scores[3, 0] = scores[8, 1] = 0.95
    actionness = np.full(T, 0.1)
    actionness[3:9] = 0.9
    values = {"scores": scores, "actionness": actionness, "fps": np.float64(2.0), **changes}
    return {name: value for name, value in values.items() if value is not None}


def save(folder: Path, **changes: object) -> Path:
    np.savez(folder / "scores.npz", **arrays(**changes))
    return folder / "scores.npz"


@pytest.mark.parametrize("preset", ["default", "zeal-paper"])
def test_the_answer_follows_the_contract(cli: "Cli", tmp_path: Path, preset: str) -> None:
    ended = cli("propose", save(tmp_path), "--preset", preset, "--json")
    assert (ended.status, ended.err) == (0, "")
    answer = json.loads(ended.out)
    assert set(answer) == {"segments", "samples"}
    assert len(answer["segments"]) == len(answer["samples"]) > 0
    for segment, (first, last) in zip(answer["segments"], answer["samples"], strict=True):
        assert list(segment) == ["start_s", "end_s", "score"]
        assert 0 <= first <= last < T
        assert 0 <= segment["start_s"] <= segment["end_s"] <= T / 2
    scores = [segment["score"] for segment in answer["segments"]]
    assert scores == sorted(scores, reverse=True)


def test_the_best_segment_is_the_action(cli: "Cli", tmp_path: Path) -> None:
    answer = json.loads(cli("propose", save(tmp_path), "--json").out)
    assert answer["samples"][0] == [3, 8]
    assert answer["segments"][0]["start_s"] == pytest.approx(1.5, abs=0.5)
    assert answer["segments"][0]["end_s"] == pytest.approx(4.5, abs=0.5)


def test_the_rate_scales_times_and_nothing_else(cli: "Cli", tmp_path: Path) -> None:
    slow = json.loads(cli("propose", save(tmp_path, fps=np.float64(1)), "--json").out)
    fast = json.loads(cli("propose", save(tmp_path, fps=np.int64(4)), "--json").out)
    assert slow["samples"] == fast["samples"]
    for one, other in zip(slow["segments"], fast["segments"], strict=True):
        assert one["start_s"] == pytest.approx(4 * other["start_s"])
        assert one["end_s"] == pytest.approx(4 * other["end_s"])


def test_without_json_a_person_reads_a_table_or_why_there_is_none(
    cli: "Cli", tmp_path: Path
) -> None:
    assert cli("propose", save(tmp_path)).out.split()[:3] == ["start_s", "end_s", "score"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"scores": None}, "must hold the arrays scores, actionness, fps; scores is missing"),
        ({"fps": None}, "fps is missing"),
        ({"fps": np.float64(0)}, "fps must be one number > 0, got 0.0"),
        ({"fps": np.float64(-1)}, "fps must be one number > 0, got -1.0"),
        ({"fps": np.float64("nan")}, "fps must be one number > 0, got nan"),
        ({"fps": np.float64("inf")}, "fps must be one number > 0, got inf"),
        ({"fps": np.array([1.0, 2.0])}, "fps must be one number > 0"),
        ({"fps": np.array("25")}, "fps must be one number > 0, got 25"),
        ({"scores": np.zeros((T, 3))}, "(12, 3)"),
        ({"scores": np.zeros((T - 1, 2))}, "(11, 2)"),
        ({"scores": np.zeros(T)}, "(12,)"),
        ({"actionness": np.zeros((T, 1))}, "actionness must have shape (T,), got (12, 1)"),
        ({"scores": np.full((T, 2), np.nan)}, "nan"),
        ({"scores": np.full((T, 2), 1.5)}, "1.5"),
        ({"actionness": np.full(T, np.inf)}, "inf"),
        ({"scores": np.full((T, 2), "a")}, ""),
        ({"scores": np.array([{}], dtype=object)}, "must be an .npz file of plain arrays"),
    ],
)
def test_bad_arrays_are_bad_input(
    cli: "Cli", tmp_path: Path, changes: dict[str, Any], rule: str
) -> None:
    ended = cli("propose", save(tmp_path, **changes), "--json")
    assert (ended.status, ended.out) == (2, ""), ended
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert rule in ended.err


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_what_is_no_npz_is_bad_input(cli: "Cli", tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scores.npz").write_bytes(content)
    ended = cli("propose", tmp_path / "scores.npz")
    assert ended.status == 2
    assert "scores.npz" in ended.err


def test_an_npy_file_is_bad_input(cli: "Cli", tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", np.zeros(3))
    ended = cli("propose", tmp_path / "scores.npy")
    assert ended.status == 2
    assert "must be an .npz file of plain arrays" in ended.err


def test_a_missing_file_is_bad_input(cli: "Cli", tmp_path: Path) -> None:
    ended = cli("propose", tmp_path / "none.npz")
    assert ended.status == 2
    assert "none.npz: cannot be read: No such file or directory" in ended.err


def test_an_unknown_preset_lists_the_known_ones(cli: "Cli", tmp_path: Path) -> None:
    ended = cli("propose", save(tmp_path), "--preset", "paper")
    assert ended.status == 2
    assert "preset must be one of " in ended.err
    assert "zeal-paper" in ended.err
