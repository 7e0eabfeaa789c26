"""What ends a command early is told in one line, with the right status."""

import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pytest
from filelock import FileLock

from zs_dagster.cli import run

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


def assert_one_line(ended: "Ended", status: int, rule: str) -> None:
    assert (ended.status, ended.out) == (status, ""), ended
    # Rich ends a display without bars with an empty line.
    said = ended.err.strip().splitlines()
    # The dataset `tiny` is not drawn by the project, and its models know nothing else.
    (line,) = [line for line in said if not line.startswith("warning: the demo models know")]
    assert line.startswith("error: ")
    assert rule in line


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("asset", ["candidate_classes", "segmentz"])
def test_an_option_nobody_takes_names_who_takes_some(cli: "Cli", asset: str) -> None:
    ended = cli("run", "tiny", "--set", f"{asset}.top_k=2")
    rule = f"--set: '{asset}' takes no options; class_queries, segments do"
    assert_one_line(ended, 2, rule)


def test_a_dataset_is_run_by_one_process_at_a_time(cli: "Cli", tiny: "TinyHome") -> None:
    (tiny.root / "locks").mkdir()
    with FileLock(tiny.root / "locks" / "tiny.lock"):
        ended = cli("run", "tiny")
    rule = "dataset 'tiny' is being run by another process; wait until that ends"
    assert_one_line(ended, 1, rule)
    assert not (tiny.root / "tables").exists()


@pytest.fixture
def read_only(tiny: "TinyHome") -> "Iterator[TinyHome]":
    """The home, with `locks` on a file system that cannot be written to."""
    (tiny.root / "locks").mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tiny.root / "locks")]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield tiny
    subprocess.run(["umount", str(tiny.root / "locks")], check=True)


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_home_that_cannot_be_written_to_is_told_before_work_begins(
    cli: "Cli", read_only: "TinyHome", command: str
) -> None:
    rule = f"the home folder must be writable, got '{read_only.root}'"
    assert_one_line(cli(command, "tiny"), 2, rule)
    assert not (read_only.root / "tables").exists()


@pytest.mark.parametrize("below", ["", "deeper"])
@pytest.mark.parametrize("is_dagster_elsewhere", [False, True])
def test_a_home_that_is_a_file_is_bad_input(
    cli: "Cli",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    below: str,
    is_dagster_elsewhere: bool,
) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / below
    monkeypatch.setenv("ZS_HOME", str(home))
    dagster = tmp_path if is_dagster_elsewhere else home
    monkeypatch.setenv("DAGSTER_HOME", str(dagster / "dagster"))
    rule = f"the home folder must be writable, got '{home}': "
    assert_one_line(cli("run", "demo"), 2, rule)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    "interruption", [KeyboardInterrupt(), dg.DagsterExecutionInterruptedError()], ids=repr
)
def test_an_interrupted_run_says_how_to_continue(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch, interruption: BaseException
) -> None:
    def interrupted(*_: object) -> None:
        raise interruption

    monkeypatch.setattr(run, "materialise", interrupted)
    rule = "interrupted; run again to continue where it stopped"
    assert_one_line(cli("run", "tiny"), 130, rule)


@pytest.mark.usefixtures("tiny")
def test_a_bug_is_one_line_that_says_how_to_see_more(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(run, "materialise", broken)
    rule = "unexpected ZeroDivisionError: division by zero (ZS_DEBUG=1 shows where)"
    assert_one_line(cli("run", "tiny"), 1, rule)


def compressed() -> bytes:
    """Return an .npz whose arrays are large enough to be cut inside."""
    noise = np.random.default_rng(0).random((500, 2))
    file = io.BytesIO()
    np.savez_compressed(file, scores=noise, actionness=noise[:, 0], fps=np.float64(2))
    return file.getvalue()


def shortened(data: bytes) -> bytes:
    """Cut the compressed stream of every array and keep the archive whole."""
    cut = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(cut, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name)[:-8])
    return cut.getvalue()


DAMAGED = {
    "cut": compressed()[:-2000],
    "cut in half": compressed()[:5000],
    "overwritten": compressed()[:50] + b"\xff" * 400 + compressed()[450:],
    "other bits": compressed()[:300] + b"\xff" * 400 + compressed()[700:],
    "short arrays": shortened(compressed()),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_compressed_file_is_bad_input(
    cli: "Cli", tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "scores.npz").write_bytes(data)
    ended = cli("propose", tmp_path / "scores.npz")
    assert_one_line(ended, 2, "scores.npz: ")
