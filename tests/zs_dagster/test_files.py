"""Atomic files: whole or absent."""

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from zs_dagster.errors import DiskFullError, InputError, NotWritableError
from zs_dagster.files import atomic_path, set_aside, write_text
from zs_dagster.store import Store
from zs_dagster.tables import Tables


def fail_while_writing(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError("the writer broke")


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
    with pytest.raises(RuntimeError, match="the writer broke"):
        fail_while_writing(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_without_an_old_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the writer broke"):
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def write_noise(path: Path) -> None:
    write_text(path, "x" * 10**6)


def save_arrays(path: Path) -> None:
    Store(path.parent).save_arrays("kind", "ab", {"noise": np.zeros(10**6)})


def save_table(path: Path) -> None:
    noise = np.random.default_rng(0).random((20_000, 3))
    rows = [
        {"video_id": "v", "label": "a", "time_s": t, "p_start": s, "p_end": e, "p_middle": None}
        for t, s, e in noise.tolist()
    ]
    Tables(path.parent).write("frame_confidence", "tiny", rows)


Write = Callable[[Path], None]
WRITERS: list[Write] = [write_noise, save_arrays, save_table]


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_said_and_nothing_is_left(small_disk: Path, write: Write) -> None:
    rule = f"there must be space to write '{small_disk}/.*, got none; free some, then run again"
    with pytest.raises(DiskFullError, match=rule) as raised:
        write(small_disk / "file")
    assert raised.value.passes
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path, write: Write) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(DiskFullError, match="there must be space to write "):
            write(tmp_path / "file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_read_only_disk_is_bad_input(small_disk: Path) -> None:
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    if subprocess.run(remount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    rule = f"'{small_disk}.*' must be writable, got: {os.strerror(errno.EROFS)}; change that"
    for path in (small_disk / "file", small_disk / "new" / "file"):
        with pytest.raises(NotWritableError, match=rule) as raised:
            write_text(path, "text")
        assert isinstance(raised.value, InputError)


def test_what_is_set_aside_is_out_of_the_way_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "entry.json"
    path.write_text("dama")
    assert set_aside(path).read_text() == "dama"
    assert [one.name for one in tmp_path.iterdir()] == ["entry.json.damaged"]
