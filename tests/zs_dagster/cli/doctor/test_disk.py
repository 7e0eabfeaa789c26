"""`zs-dagster doctor` and `status` on a disk that takes nothing: full, or read-only."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.cli.doctor.command import CHECKS
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 2 MiB that holds the home."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    monkeypatch.setenv("ZS_HOME", str(folder / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    with suppress(OSError), (folder / "fill").open("wb", 0) as file:
        while True:
            file.write(bytes(4096))
    assert os.statvfs(folder).f_bavail == 0


def checked(ended: "Ended") -> dict[str, str]:
    """Return the lines of the doctor by check, after a look at what all must be."""
    assert (ended.status, ended.err) == (1, "")
    lines = {line.split()[1]: line for line in ended.out.splitlines()}
    assert list(lines) == list(CHECKS)
    for word in ("SQL", "http", "Errno"):
        assert word not in ended.out
    return lines


def test_on_a_full_disk_the_table_and_the_status_say_so(cli: "Cli", small_disk: Path) -> None:
    healthy = checked(cli("doctor"))
    assert healthy["runs"].startswith("ok "), healthy
    fill(small_disk)
    lines = checked(cli("doctor"))
    assert "free disk must be at least 2 GB, got 0.0 GB" in lines["disk"]
    rule = f"the disk of '{small_disk}/home/dagster' is full (disk I/O error); free some space"
    assert lines["runs"].startswith(f"BAD  runs       {rule}")
    assert lines["store"].startswith("ok ")
    ended = cli("status")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == f"error: {rule} and run again\n"


def test_a_home_that_never_had_space_is_checked_too(cli: "Cli", small_disk: Path) -> None:
    fill(small_disk)
    lines = checked(cli("doctor"))
    rule = "there must be space to write"
    assert lines["home"].startswith(f"BAD  home       {rule} '{small_disk}/home/dagster/")
    assert lines["weights"].startswith("ok ")


@pytest.mark.parametrize("is_used", [True, False])
def test_a_read_only_home_is_checked_too(cli: "Cli", small_disk: Path, is_used: bool) -> None:
    if is_used:
        checked(cli("doctor"))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    lines = checked(cli("doctor"))
    reason = f"got '{Home.from_environment().root}': Read-only file system; set ZS_HOME"
    for name in ("home", "runs", "slots", "temporary"):
        assert lines[name].startswith("BAD  ")
        assert f"the home folder must be writable, {reason}" in lines[name]
    assert lines["tables"].startswith("ok ")


@pytest.mark.usefixtures("small_disk")
def test_a_check_that_fails_unexpectedly_is_a_line(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setitem(CHECKS, "device", broken)
    lines = checked(cli("doctor"))
    found = "unexpected ZeroDivisionError: division by zero (ZS_DEBUG=1 shows where)"
    assert lines["device"] == f"BAD  device     {found}"
