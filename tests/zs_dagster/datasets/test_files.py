"""Video files by id."""

import os
from pathlib import Path

import pytest

from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import VideoFiles, VideoFolder
from zs_dagster.errors import DatasetError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_ids_are_paths_below_the_folder_without_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "b.mp4", "a/c.mkv", "a/d.e.webm", "notes.txt")
    found = find_videos(VideoFolder(folder=tmp_path))
    assert found == {
        "a/c": tmp_path / "a" / "c.mkv",
        "a/d.e": tmp_path / "a" / "d.e.webm",
        "b": tmp_path / "b.mp4",
    }


def test_equal_names_in_other_folders_are_other_videos(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.mp4", "y/a.mp4")
    assert list(find_videos(VideoFolder(folder=tmp_path))) == ["x/a", "y/a"]


def test_patterns_narrow_and_overlap_harmlessly(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.mkv")
    folder = VideoFolder(folder=tmp_path, patterns=("*.mkv", "a.mk*"))
    assert find_videos(folder) == {"a": tmp_path / "a.mkv"}


def test_upper_case_names_are_found_and_keep_their_case(tmp_path: Path) -> None:
    touch(tmp_path, "A.MP4", "B.Mkv")
    found = find_videos(VideoFolder(folder=tmp_path))
    assert found == {"A": tmp_path / "A.MP4", "B": tmp_path / "B.Mkv"}
    folder = VideoFolder(folder=tmp_path, patterns=("a*.Mp4",))
    assert list(find_videos(folder)) == ["A"]


def test_a_folder_named_like_a_video_is_none(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4/b.mp4")
    assert list(find_videos(VideoFolder(folder=tmp_path))) == ["a.mp4/b"]


def test_a_folder_named_like_a_video_with_none_inside_is_for_the_reader_to_refuse(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "a.mp4/notes.txt", "b/notes.txt", "c.mp4/deeper/d.mp4")
    (tmp_path / "empty.mkv").mkdir()
    found = find_videos(VideoFolder(folder=tmp_path))
    assert list(found) == ["a", "c.mp4/deeper/d", "empty"]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    home, disk = tmp_path / "home", tmp_path / "disk"
    touch(home, "real/a.mp4")
    touch(disk, "b.mp4", "deep/c.mp4")
    (home / "another").symlink_to(home / "real")
    (home / "disk").symlink_to(disk)
    (disk / "back").symlink_to(home)
    (disk / "loop").symlink_to(disk)
    (home / "up").symlink_to(tmp_path)
    assert list(find_videos(VideoFolder(folder=home))) == ["disk/b", "disk/deep/c", "real/a"]


def test_a_folder_that_cannot_be_listed_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.mp4", "secret/b.mp4")
    listed = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == hidden:
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    # The superuser, whom tests may run as, is denied nothing.
    monkeypatch.setattr(os, "scandir", scandir)
    hidden = "secret"
    found = find_videos(VideoFolder(folder=tmp_path))
    assert found == {"a": tmp_path / "a.mp4", "secret": tmp_path / "secret"}
    hidden = tmp_path.name
    with pytest.raises(DatasetError, match="' cannot be listed: Permission denied"):
        find_videos(VideoFolder(folder=tmp_path))


@pytest.mark.parametrize("name", [b"caf\xe9.mp4", b"caf\xe9/a.mp4"])
def test_a_name_that_is_not_utf_8_is_listed_with_an_id_that_can_be_stored(
    tmp_path: Path, name: bytes
) -> None:
    path = tmp_path / os.fsdecode(name)
    touch(tmp_path, os.fsdecode(name), "a.mp4")
    found = find_videos(VideoFolder(folder=tmp_path))
    written = name.decode("utf-8", "backslashreplace").removesuffix(".mp4")
    assert found == {"a": tmp_path / "a.mp4", written: path}


def test_other_files_may_be_named_as_they_like(tmp_path: Path) -> None:
    touch(tmp_path, os.fsdecode(b"caf\xe9.txt"), "a.mp4")
    assert list(find_videos(VideoFolder(folder=tmp_path))) == ["a"]


def test_one_id_for_two_files_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.mkv")
    rule = "must differ, got 'a' for 'a.mkv' and 'a.mp4'; rename one or narrow `patterns`"
    with pytest.raises(DatasetError, match=rule):
        find_videos(VideoFolder(folder=tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"must exist, got '.*/none'; check `videos.folder`"):
        find_videos(VideoFolder(folder=tmp_path / "none"))


def test_a_folder_without_videos_names_the_patterns(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(DatasetError, match=r"holds no file that matches \*\.mp4, \*\.mkv"):
        find_videos(VideoFolder(folder=tmp_path))


def test_only_the_ids_asked_for_are_taken(tmp_path: Path) -> None:
    touch(tmp_path, "v_test_1.mp4", "v_test_2.mp4", "v_val_1.mp4")
    folder = VideoFolder(folder=tmp_path, ids=("test_*",), prefix="v_")
    assert list(find_videos(folder)) == ["test_1", "test_2"]
    nothing = VideoFolder(folder=tmp_path, ids=("train_*",), prefix="v_")
    rule = r"none of 3 videos in '.*' has an id that matches train_\*; the first is 'test_1'"
    with pytest.raises(DatasetError, match=rule):
        find_videos(nothing)


def test_files_may_be_named_one_by_one(tmp_path: Path) -> None:
    files = (tmp_path / "b.mkv", tmp_path / "x" / "a.mp4")
    assert find_videos(VideoFiles(files=files)) == {"b": files[0], "a": files[1]}
    twice = (tmp_path / "a.mp4", tmp_path / "x" / "a.mp4")
    with pytest.raises(DatasetError, match=r"must differ, got 'a' for 'a\.mp4' and"):
        find_videos(VideoFiles(files=twice))


def test_what_is_no_regular_file_is_listed_for_the_reader_to_refuse(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "broken.mp4").symlink_to(tmp_path / "nothing")
    assert list(find_videos(VideoFolder(folder=tmp_path))) == ["broken", "pipe"]
