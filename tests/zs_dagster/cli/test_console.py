"""What people see in the terminal while a stage works."""

import os
import pty
import re
import select
import subprocess
import sys

PATIENCE_S = 30
# As Dagster does while a run lasts: what is written to stderr goes to a file.
TURNED_ASIDE = """
import os, sys
from zs_dagster.cli import console
from zs_dagster.progress import track
with console.progress():
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for item in track(["a", "b"], "frame_features", 2):
        if item == "b":
            sys.stdin.readline()
"""


def test_bars_move_while_a_run_turns_stderr_aside() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", TURNED_ASIDE],
        stdin=subprocess.PIPE,
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
    os.close(ours)
    assert running.returncode == 0
    assert b"frame_features" in seen
    assert b"2/2" in _plain(seen)


def test_without_a_terminal_bars_are_written_once() -> None:
    code = TURNED_ASIDE.replace("sys.stdin.readline()", "pass")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.count("frame_features") == 1
    assert "2/2" in done.stderr


def test_a_closed_stderr_is_no_failure() -> None:
    code = TURNED_ASIDE.replace("import os, sys", "import os, sys; sys.stderr = None")
    done = subprocess.run(
        [sys.executable, "-c", code], input="\n", capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


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
