"""What people see in the terminal while a stage works."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

PATIENCE_S = 30
# As Dagster does while a run lasts: what is written to stderr goes to a file.
TURNED_ASIDE = """
import os, sys
from zs_dagster.cli import console
from zs_dagster.progress import track
with console.progress():
    os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 2)
    for item in track(["a", "b"], "frame_features", 2):
        if item == "b":
            sys.stdin.readline()
            print("to the log", file=sys.stderr)
            print("to stdout")
"""


def test_bars_move_while_a_run_turns_stderr_aside(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", TURNED_ASIDE, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as running:
        os.close(theirs)
        assert running.stdin is not None
        seen = b""
        # It waits for us in the middle: what is seen before we answer was shown in time.
        while b"1/2" not in _plain(seen) and (more := _read(ours)):
            seen += more
        running.stdin.write(b"\n")
        running.stdin.close()
        assert b"1/2" in _plain(seen)
        while more := _read(ours):
            seen += more
        assert running.stdout is not None
        assert running.stdout.read() == b"to stdout\n"
    os.close(ours)
    assert running.returncode == 0
    assert (tmp_path / "log").read_text() == "to the log\n"
    assert b"frame_features" in seen
    assert b"2/2" in _plain(seen)


def test_a_narrow_terminal_is_filled_and_not_more(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [sys.executable, "-c", TURNED_ASIDE, str(tmp_path / "log")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**environment, "TERM": "xterm"},
    ) as running:
        os.close(theirs)
        seen = b""
        while more := _read(ours):
            seen += more
    os.close(ours)
    assert running.returncode == 0
    lines = re.split(r"[\r\n]+", _plain(seen).decode())
    assert 30 < max(map(len, lines)) <= 40


def test_without_a_terminal_bars_are_written_once(tmp_path: Path) -> None:
    done = _run(TURNED_ASIDE, tmp_path / "log")
    assert done.returncode == 0
    assert done.stdout == "to stdout\n"
    assert done.stderr.count("frame_features") == 1
    assert "2/2" in done.stderr


def test_bars_are_written_as_stderr_is(tmp_path: Path) -> None:
    done = _run(TURNED_ASIDE, tmp_path / "log", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stderr.isascii()


def test_a_closed_stderr_is_no_failure_and_bars_go_nowhere_else(tmp_path: Path) -> None:
    code = TURNED_ASIDE.replace("import os, sys", "import os, sys; sys.stderr = None")
    done = _run(code.replace("file=sys.stderr", "file=None"), tmp_path / "log")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "to the log\nto stdout\n"


def _run(code: str, log: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, str(log)],
        input="\n",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _plain(said: bytes) -> bytes:
    """Leave out colours and moves of the cursor."""
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", said)


def _read(number: int) -> bytes:
    """Read from a terminal; nothing once the other side closed it, or says nothing at all."""
    if not select.select([number], [], [], PATIENCE_S)[0]:
        return b""
    try:
        return os.read(number, 4096)
    except OSError:
        return b""
