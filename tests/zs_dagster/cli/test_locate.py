"""`zs-dagster locate`: my video with my words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.cli.ad_hoc import PAGE, out_folder
from zs_dagster.cli.console import clock
from zs_dagster.cli.locate import FILES, parse_actions
from zs_dagster.errors import InputError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

WARNING = "the demo models know only the drawn shapes of the demo"


def test_actions_are_split_at_commas() -> None:
    assert parse_actions(" golf swing ,high jump,") == ["golf swing", "high jump"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must name at least one action, got ''"),
        (" , ", "must name at least one action, got ' , '"),
        ("run, jump, run", "must differ, got 'run' twice; remove one"),
    ],
)
def test_no_or_repeated_actions_are_refused(text: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        parse_actions(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00.0"),
        (9.96, "0:10.0"),
        (59.96, "1:00.0"),
        (83.25, "1:23.2"),
        (3723.4, "1:02:03.4"),
    ],
)
def test_times_look_as_in_a_player(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_videos_and_words_go_in_and_segments_come_out(
    spawn: "Cli", cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    out = tmp_path / "out"
    videos = (tiny.videos / "first.mp4", tiny.videos / "broken.mp4")
    actions = "red ball rises, red ball falls"
    arguments = ("locate", *videos, "--actions", actions, "--out", out, "--json", "sum.json")
    ended = spawn(*arguments, folder=tmp_path)
    assert ended.status == 0, ended.err
    assert WARNING in ended.err
    assert "left out  broken: " in ended.out
    results = json.loads((out / "segments.json").read_text())["results"]
    assert list(results) == ["first"]
    rows = json.loads((tmp_path / "sum.json").read_text())["segments"]
    assert {row["label"] for row in rows} <= set(actions.split(", "))
    assert len(results["first"]) == len(rows) > 0
    assert len((out / "segments.csv").read_text().splitlines()) == len(rows) + 1
    page = (out / "report.html").read_text()
    assert "know only the drawn shapes" in page
    dataset = rows[0]["dataset"]
    assert Home(tiny.root).tables.has("segments", dataset)
    # The same question again is the same dataset: nothing is asked anew.
    again = spawn(*arguments, folder=tmp_path)
    assert again.status == 0, again.err
    stages = json.loads((tmp_path / "sum.json").read_text())["stages"]
    assert stages["frame_confidence"]["computed"] == 0
    # What another question would replace is not lost.
    before = {path: path.read_bytes() for path in out.iterdir()}
    for changed in (("--actions", "red ball rises"), ("--actions", actions, "--fps", 2)):
        other = cli("locate", *videos, *changed, "--out", out)
        rule = "--out must hold no results of other videos, words or settings, got"
        assert (other.status, other.out) == (2, "")
        assert other.err == (
            f"error: {rule} '{out}/segments.json'; give another --out, or move them\n"
        )
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert sorted(p.stem for p in (tiny.root / "datasets").glob("locate-*")) == [dataset]


def test_files_that_nobody_knows_are_not_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "segments.csv"
    mine.write_text("written by hand")
    with pytest.raises(InputError, match=f"got '{mine}'; give another --out, or move them"):
        out_folder(tmp_path, FILES, "locate-01234567")
    (tmp_path / PAGE).write_text("<p>locate-01234567x</p>")
    with pytest.raises(InputError, match="--out must hold no results of other videos"):
        out_folder(tmp_path, FILES, "locate-01234567")
    (tmp_path / PAGE).write_text("<p>locate-01234567</p>")
    assert out_folder(tmp_path, FILES, "locate-01234567") == tmp_path
    mine.rename(tmp_path / "notes.csv")
    (tmp_path / PAGE).unlink()
    assert out_folder(tmp_path, FILES, "locate-01234567") == tmp_path


def test_without_weights_the_profiles_and_how_to_get_them_are_named(
    cli: "Cli", tiny: "TinyHome", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "nothing"))
    missing = cli("locate", tiny.videos / "none.mp4", "--actions", "golf swing")
    assert "does not exist; check the path" in missing.err
    ended = cli("locate", tiny.videos / "first.mp4", "--actions", "golf swing")
    assert ended.status == 2
    assert "choose --models light" in ended.err
    assert "zs-dagster models pull light" in ended.err
    assert "--models demo runs at once but knows only drawn shapes" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not list((tiny.root / "datasets").glob("locate-*"))


def test_what_cannot_be_read_as_a_video_is_one_line(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    missing = cli("locate", tmp_path / "nothing.mp4", "--actions", "run", "--models", "demo")
    assert missing.status == 2
    assert (
        missing.err == f"error: video '{tmp_path}/nothing.mp4' does not exist; check the path\n"
    )
    folder = cli("locate", tiny.videos, "--actions", "run", "--models", "demo")
    assert folder.status == 2
    assert "is a folder; give its files, or make it a dataset" in folder.err
    empty = cli("locate", "", "--actions", "run", "--models", "demo")
    assert empty == (2, "", "error: a video must be the path of a file, got ''; give one\n")
    models = cli("locate", tiny.videos / "first.mp4", "--actions", "run", "--models", "big")
    assert models.status == 2
    assert "error: --models: profile must be one of demo, " in models.err
    twin = tmp_path / "first.mp4"
    twin.touch()
    twins = cli("locate", tiny.videos / "first.mp4", twin, "--actions", "a", "--models", "demo")
    assert twins.status == 2
    assert "video ids must differ, got 'first' for" in twins.err
    for fps, shown in ((0, "0"), ("nan", "nan"), (60.5, "60.5"), (100_000, "100000")):
        asked = ("locate", tiny.videos / "first.mp4", "--actions", "run", "--models", "demo")
        ended = cli(*asked, "--fps", fps)
        rule = f"--fps must be > 0 and <= 60, got {shown}; correct it"
        assert ended == (2, "", f"error: {rule}\n")
    assert not list((tiny.root / "datasets").glob("locate-*"))


def test_only_unreadable_videos_are_bad_input(
    spawn: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    path = tiny.videos / "broken.mp4"
    ended = spawn("locate", path, "--actions", "run", "--models", "demo", folder=tmp_path)
    assert ended.status == 2
    rule = "can be read; the first, 'broken': not a whole file of an accepted container"
    assert rule in ended.err
    assert "WARNING  broken is left out: not a whole file" in ended.err
    assert "Traceback" not in ended.err
    left = [path for path in tiny.root.rglob("locate-*") if path.suffix != ".lock"]
    assert left == []


def test_an_unwritable_folder_is_refused_before_the_work(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    ended = cli(
        "locate", tiny.videos / "first.mp4", "--actions", "red ball rises", "--out", out
    )
    assert ended.status == 2
    assert f"--out must be a folder that can be made, got '{out}'" in ended.err
