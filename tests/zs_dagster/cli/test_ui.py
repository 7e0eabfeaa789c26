"""`zs-dagster ui`: what is refused before anything starts, and what Dagster is started with."""

import fcntl
import json
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.cli.graph import ROOT

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

# Stands where Python would start Dagster, and says what it was given.
DAGSTER = """#!{python}
import fcntl, json, os, signal, sys
with open(os.environ["ZS_HOME"] + "/locks/.ui.lock") as lock:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_held = False
    except BlockingIOError:
        is_held = True
is_ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ["PYTHONPATH"], is_held, is_ignored]))
"""


@pytest.fixture
def port() -> int:
    """A port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    return tmp_path / "home"


def assert_refused(ended: "Ended", message: str) -> None:
    assert ended == (2, "", f"error: {message}\n")


@pytest.mark.usefixtures("home")
def test_a_port_in_use_is_refused_before_anything_starts(cli: "Cli") -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ended = cli("ui", "--port", taken)
    assert_refused(ended, f"port {taken} is in use; use another --port")


def test_a_second_ui_of_a_home_is_told_where_the_first_one_is(
    cli: "Cli", home: Path, port: int
) -> None:
    (home / "locks").mkdir(parents=True)
    with (home / "locks" / ".ui.lock").open("w") as lock:
        lock.write("http://localhost:4000")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = cli("ui", "--port", port)
    assert_refused(
        ended,
        f"the UI of '{home}' runs already, at http://localhost:4000; use that one, or end it "
        "first",
    )


def test_dagster_holds_the_home_and_can_be_ended_from_a_script(
    spawn: "Cli", home: Path, port: int, tmp_path: Path
) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(DAGSTER.format(python=sys.executable))
    stand_in.chmod(0o755)
    ignored = f"import signal; signal.signal({int(signal.SIGINT)}, signal.SIG_IGN)"
    before = f"{ignored}; import sys; sys.executable = {str(stand_in)!r}"
    ended = spawn("ui", "--port", port, folder=tmp_path, before=before, PYTHONPATH="mine")
    assert ended.status == 0, ended
    said, seen = ended.out.splitlines()
    assert said == f"Dagster UI: http://localhost:{port}"
    arguments, folder, path, is_held, is_ignored = json.loads(seen)
    workspace = str(ROOT / "workspace.yaml")
    assert arguments[2:] == [
        *("-m", "dagster", "dev", "-w", workspace),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    assert (folder, path) == (str(home / "dagster"), f"{ROOT}:mine")
    assert is_held
    assert not is_ignored
    assert (home / "locks" / ".ui.lock").read_text() == f"http://localhost:{port}"
