"""`zs-dagster frames`: what the models see."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


def test_pictures_and_times_are_those_of_the_reader(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    from zs_dagster.video.probe import probe
    from zs_dagster.video.reading import read_frames

    video, out = tiny.videos / "first.mp4", tmp_path / "deep" / "out"
    ended = cli("frames", video, "--sample", "uniform:5", "--out", out)
    assert ended.status == 0, ended.err
    rows = json.loads((out / "frames.json").read_text())
    index = probe(video).index
    expected = read_frames(video, index, [0.3, 0.9, 1.5, 2.1, 2.7])
    assert [row["requested_s"] for row in rows] == pytest.approx(expected.requested_s)
    assert [row["time_s"] for row in rows] == pytest.approx(expected.time_s)
    for row, rgb in zip(rows, expected.rgb, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(out / row["file"])), rgb)
        assert (row["backend"], row["backend_reason"]) == ("pyav", "default")
    names = {"frames.json", "contact_sheet.png", *(row["file"] for row in rows)}
    assert {path.name for path in out.iterdir()} == names
    # Again, less: nothing of before is left.
    again = cli("frames", video, "--sample", "fps:1", "--out", out)
    assert again.status == 0, again.err
    assert len(list(out.iterdir())) == 3 + 2
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_the_reason_for_another_backend_is_written_down(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    arguments = ("--sample", "uniform:2", "--backend", "decord", "--out", tmp_path / "out")
    ended = cli("frames", tiny.videos / "first.mp4", *arguments)
    assert ended.status == 0, ended.err
    rows = json.loads((tmp_path / "out" / "frames.json").read_text())
    chosen = {(row["backend"], row["backend_reason"].partition(":")[0]) for row in rows}
    assert chosen <= {("decord", "as chosen"), ("pyav", "decord was refused")}


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--sample", "fps:0"), "fps must be finite and > 0, got 0"),
        (("--sample", "uniform:0"), "n must be >= 1 sample, got 0"),
        (
            ("--sample", "uniform:1.5"),
            "--sample must be fps:RATE or uniform:N, got 'uniform:1.5'",
        ),
        (("--sample", "all"), "--sample must be fps:RATE or uniform:N, got 'all'"),
        (("--sample", "fps:1e11"), "--sample may give 20000 frames at most, got 3e+11"),
        (("--backend", "opencv"), "--backend must be pyav or decord, got 'opencv'"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path, arguments: tuple[str, ...], rule: str
) -> None:
    ended = cli("frames", tiny.videos / "first.mp4", *arguments, "--out", tmp_path / "out")
    assert ended.status == 2
    assert ended.err.startswith(f"error: {rule}")
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_other_peoples_files_are_not_overwritten(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("")
    ended = cli("frames", tiny.videos / "first.mp4", "--out", tmp_path)
    assert ended.status == 2
    assert f"must be a new or empty folder, '{tmp_path}' holds other files" in ended.err
    file = cli("frames", tiny.videos / "first.mp4", "--out", tmp_path / "thesis.txt")
    assert file.status == 2
    assert "--out must be a folder, got the file" in file.err
    assert (tmp_path / "thesis.txt").exists()


def test_a_broken_video_is_one_line(cli: "Cli", tiny: "TinyHome", tmp_path: Path) -> None:
    ended = cli("frames", tiny.videos / "broken.mp4", "--out", tmp_path / "out")
    assert ended.status == 2
    assert "broken.mp4': not a whole file of an accepted container" in ended.err
    assert not (tmp_path / "out").exists()
