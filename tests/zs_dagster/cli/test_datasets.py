"""`zs-dagster datasets`: list, show, check and add."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from zs_dagster.datasets.catalogue import load_dataset

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

KEYS = {"path", "status", "error", "reason", "n_frames", "duration_s", "backend"}


def test_the_list_says_where_videos_are_or_go(
    cli: "Cli", tiny: "TinyHome", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THUMOS14_ROOT", raising=False)
    monkeypatch.delenv("ZS_DATA", raising=False)
    ended = cli("datasets", "list", "--json")
    rows = {row["name"]: row for row in json.loads(ended.out)}
    assert rows["tiny"]["videos"] == str(tiny.root / "datasets" / ".." / "tiny-videos")
    place = tiny.root / "data" / "thumos14" / "videos"
    assert rows["thumos14"]["videos"] == f"not here: set THUMOS14_ROOT, or put them in {place}"
    assert (rows["ucf101"]["task"], rows["ucf101"]["classes"]) == ("classification", 101)
    assert "thumos14         localization      20 classes" in cli("datasets", "list").out


def test_one_dataset_is_shown_with_splits_and_what_is_known(
    cli: "Cli", tiny: "TinyHome"
) -> None:
    assert tiny.root.is_dir()
    out = cli("datasets", "show", "thumos14").out
    assert "split        seen75-9: 15 seen, 5 unseen" in out
    assert "known bad    video_test_0000270: annotated HammerThrow, shows a haircut" in out
    assert "excluded     video_test_0001292: has ambiguous annotations only" in out
    assert "class        Shotput  (shot put)" in out
    kinetics = cli("datasets", "show", "kinetics600").out
    assert "split        zsl220-0: 400 seen, 160 unseen, 60 validation" in kinetics


def test_a_folder_is_checked_file_by_file(cli: "Cli", tiny: "TinyHome", tmp_path: Path) -> None:
    folder = tmp_path / "my videos"
    folder.mkdir()
    for name in ("a.mp4", "same %03d.mp4"):
        shutil.copy(tiny.videos / "first.mp4", folder / name)
    shutil.copy(tiny.videos / "broken.mp4", folder / "broken.mp4")
    (folder / "empty.mkv").touch()
    (folder / "gone.mp4").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.mp4")
    ended = cli("datasets", "check", folder, "--json")
    assert ended.status == 0, ended.err
    report = json.loads(ended.out)
    assert all(set(video) == KEYS for video in report["videos"])
    errors = {Path(video["path"]).name: video["error"] for video in report["videos"]}
    assert errors == {
        "a.mp4": None,
        "broken.mp4": "NotAVideo",
        "empty.mkv": "EmptyFile",
        "gone.mp4": "NotReadable",
        "pipe.mp4": "NotAFile",
        "same %03d.mp4": None,
    }
    good = report["videos"][0]
    assert (good["status"], good["duration_s"], good["backend"]) == ("ok", 3.0, "pyav")
    assert good["n_frames"] == 12
    lint = {finding["rule"]: finding for finding in report["lint"]}
    assert lint["duplicate-video"]["examples"] == ["same %03d is a"]
    assert lint["unreadable-video"]["count"] == 4
    text = cli("datasets", "check", folder).out
    assert "2 of 6 videos can be read; 2 findings" in text


def test_one_video_and_one_description_are_checked(cli: "Cli", tiny: "TinyHome") -> None:
    one = cli("datasets", "check", tiny.videos / "third.mp4", "--json")
    assert [video["status"] for video in json.loads(one.out)["videos"]] == ["ok"]
    bad = cli("datasets", "check", tiny.videos / "broken.mp4", "--json")
    assert (bad.status, json.loads(bad.out)["videos"][0]["error"]) == (1, "NotAVideo")
    assert cli("datasets", "check", tiny.videos / "broken.mp4").status == 1
    whole = cli("datasets", "check", tiny.dataset_file)
    assert whole.status == 0, whole.err
    tiny.annotate({"first": [("purple bal rises", 1.0, 2.0)]})
    wrong = cli("datasets", "check", "tiny")
    assert wrong.status == 1
    assert "error       unknown-label: 1 ('purple bal rises' in 1 annotations, did" in wrong.out


def test_what_is_no_dataset_is_one_line(cli: "Cli", tiny: "TinyHome") -> None:
    unknown = cli("datasets", "check", "tinny")
    assert unknown.status == 2
    assert "dataset must be one of " in unknown.err
    drawn = cli("datasets", "check", "demo")
    assert drawn.status == 2
    assert "dataset 'demo' is drawn by the project; run it instead" in drawn.err
    tiny.describe(clases=["typo"])
    broken = cli("datasets", "check", tiny.dataset_file)
    assert broken.status == 2
    lines = tiny.dataset_file.read_text().splitlines()
    place = 1 + lines.index("clases:")
    assert f"tiny.yaml:{place}: clases: unknown key; did you mean classes?" in broken.err


def test_a_folder_becomes_a_dataset(cli: "Cli", tiny: "TinyHome", tmp_path: Path) -> None:
    folder = tmp_path / "kitchen"
    folder.mkdir()
    shutil.copy(tiny.videos / "first.mp4", folder)
    ended = cli("datasets", "add", folder, "--actions", "open fridge, pour water")
    assert ended.status == 0, ended.err
    assert "next     zs-dagster run kitchen" in ended.out
    dataset = load_dataset(tiny.root / "datasets" / "kitchen.yaml")
    assert dataset.classes == ("open fridge", "pour water")
    assert cli("datasets", "check", "kitchen").status == 0
    again = cli("datasets", "add", folder, "--actions", "x")
    assert again.status == 2
    assert "kitchen.yaml' exists; give another --name, or delete it" in again.err
    none = cli("datasets", "add", folder)
    assert none.status == 2
    assert "a folder needs --actions" in none.err
    name = cli("datasets", "add", folder, "--actions", "x", "--name", "a/b")
    assert name.status == 2
    assert "--name" in name.err
    for wrong in ("", "a\n"):
        ended = cli("datasets", "add", folder, "--actions", "x", "--name", wrong)
        assert ended.status == 2
        assert "error: --name must be letters, digits, " in ended.err
    assert sorted(p.stem for p in (tiny.root / "datasets").iterdir()) == ["kitchen", "tiny"]


def test_what_would_stop_every_run_is_not_added(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    folder = tmp_path / "kitchen"
    folder.mkdir()
    empty = cli("datasets", "add", folder, "--actions", "x")
    assert empty.status == 2
    assert f"video folder '{folder}' holds no file that matches *.mp4, " in empty.err
    video = shutil.copy(tiny.videos / "first.mp4", folder)
    one = cli("datasets", "add", video, "--actions", "x")
    rule = f"a dataset file must end in .yaml or .yml, got '{video}'; give one, or the folder"
    assert (one.status, one.out) == (2, "")
    assert one.err.startswith(f"error: {rule}")
    models = cli("datasets", "add", folder, "--actions", "x", "--models", "big")
    rule = "profile must be one of demo, light, qwen3-vl, server, zeal, zeal-pixtral, got 'big'"
    assert models == (2, "", f"error: --models: {rule}\n")
    taken = cli("datasets", "add", folder, "--actions", "x", "--name", "ucf101")
    rule = "dataset 'ucf101' exists already; give another --name"
    assert taken == (2, "", f"error: {rule}\n")
    nothing = cli("datasets", "add", tmp_path / "none", "--actions", "x")
    rule = f"'{tmp_path}/none' does not exist; give a folder or a dataset file"
    assert nothing == (2, "", f"error: {rule}\n")
    assert [p.stem for p in (tiny.root / "datasets").iterdir()] == ["tiny"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"profile": "big"}, "profile must be one of "),
        ({"annotations": "none.csv"}, "annotations must exist, got '"),
    ],
)
def test_a_check_finds_what_a_run_would_refuse(
    cli: "Cli", tiny: "TinyHome", changes: dict[str, str], rule: str
) -> None:
    tiny.describe(**changes)
    for target in ("tiny", tiny.dataset_file):
        ended = cli("datasets", "check", target)
        assert (ended.status, ended.out) == (2, "")
        assert re.match(rf"error: {tiny.dataset_file}:\d+: {rule}", ended.err), ended.err


def test_a_description_from_elsewhere_keeps_its_meaning(
    cli: "Cli", tiny: "TinyHome", tmp_path: Path
) -> None:
    (tmp_path / "videos").mkdir()
    values = {
        "name": "elsewhere",
        "videos": {"folder": "videos"},
        "classes": {"OpenFridge": "opening a fridge"},
        "annotations": "truth.csv",
        "queries": "bank.yaml",
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    unnamed = cli("datasets", "add", tmp_path / "mine.yaml", "--name", "")
    assert (unnamed.status, "--name must be" in unnamed.err) == (2, True)
    ended = cli("datasets", "add", tmp_path / "mine.yaml", "--name", "other")
    assert ended.status == 0, ended.err
    there, here = (
        load_dataset(path)
        for path in (tmp_path / "mine.yaml", tiny.root / "datasets" / "other.yaml")
    )
    assert here.name == "other"
    for key in ("videos", "annotations", "queries", "classes", "prompt_names", "localization"):
        assert getattr(here, key) == getattr(there, key), key
