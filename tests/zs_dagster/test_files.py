"""Atomic files: whole or absent."""

import os
from pathlib import Path

import pytest

from zs_dagster.files import atomic_path, write_text


def fail_while_writing(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError("the disk is full")


def test_a_successful_block_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_text(path, "old")
    write_text(path, "näw")
    assert path.read_text(encoding="utf-8") == "näw"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_lies_beside_the_target_so_that_the_rename_is_atomic(
    tmp_path: Path,
) -> None:
    with atomic_path(tmp_path / "file.txt") as temporary:
        assert temporary.parent == tmp_path
        assert not (tmp_path / "file.txt").exists()


def test_an_error_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="the disk is full"):
        fail_while_writing(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_without_an_old_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the disk is full"):
        fail_while_writing(tmp_path / "file.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    old = os.umask(mask)
    try:
        write_text(tmp_path / "file.txt", "text")
        assert os.umask(mask) == mask
    finally:
        os.umask(old)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == mode
