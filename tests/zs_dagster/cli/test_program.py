"""The command line as a process: its status, and that nothing is lost at its sudden end."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Run = Callable[..., Ended]

LARGE = 1_000_000  # Characters; more than a pipe holds, and than is written at once.


@pytest.fixture
def run(spawn: "Run", tmp_path: Path) -> "Run":
    """Run the program with another `main`, or with its own where the body is empty."""

    def call(body: str, *arguments: str) -> "Ended":
        other = f"import zs_dagster.cli.main as m\n{body}\nm.main = main" if body else ""
        return spawn(*arguments, folder=tmp_path, before=other)

    return call


@pytest.mark.parametrize(
    ("left", "status"),
    [("0", 0), ("2", 2), ("130", 130), ("None", 0), ("'a word'", 1)],
)
def test_the_status_is_that_of_the_command(run: "Run", left: str, status: int) -> None:
    done = run(f"def main(): raise SystemExit({left})")
    assert done.status == status
    assert done.err == ("a word\n" if status == 1 else "")


def test_returning_is_success_and_a_failure_is_shown(run: "Run") -> None:
    assert run("def main(): pass").status == 0
    done = run("def main(): raise KeyError('lost')")
    assert (done.status, done.err.splitlines()[-1]) == (1, "KeyError: 'lost'")


def test_the_real_commands_end_with_their_status(run: "Run") -> None:
    assert "Usage" in run("", "--help").out
    done = run("", "run", "none")
    assert done.status == 2
    assert done.err.startswith("error: dataset must be one of ")


def test_all_that_was_said_is_written_before_the_end(run: "Run") -> None:
    done = run(f"def main(): print('x' * {LARGE}, end='y')")
    assert (len(done.out), done.out[-1]) == (LARGE + 1, "y")


def test_threads_end_and_whoever_registered_is_called_first(run: "Run") -> None:
    done = run(
        "import atexit, threading\n"
        "go = threading.Event()\n"
        "def late(): go.wait(); print('thread')\n"
        "def main():\n"
        "    atexit.register(print, 'registered')\n"
        "    threading.Thread(target=late).start()\n"
        "    go.set()\n"
    )
    assert done.out.split() == ["thread", "registered"]


def test_nothing_is_taken_apart(run: "Run") -> None:
    kept = "class Kept:\n    def __del__(self): print('taken apart')\nkept = Kept()\n"
    assert run(f"{kept}def main(): print('done')").out == "done\n"


def test_what_cannot_be_written_is_a_failure_without_a_traceback(run: "Run") -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    done = run(f"import sys\nsys.stdout = open('{full}', 'w')\ndef main(): print('lost')")
    said = "error: the output cannot be written: [Errno 28] No space left on device\n"
    assert (done.status, done.err) == (1, said)


def test_a_stream_that_the_command_closed_is_a_failure_in_one_line(run: "Run") -> None:
    done = run("import sys\ndef main(): sys.stdout.close()")
    assert done.status == 1
    assert done.err == "error: the output cannot be written: I/O operation on closed file.\n"


def test_ctrl_c_during_imports_is_no_failure_of_ours(run: "Run") -> None:
    done = run("def main(): raise KeyboardInterrupt")
    assert done.status in {130, -2}


def test_nothing_is_written_into_a_file_that_took_the_place_of_stderr(run: "Run") -> None:
    done = run(
        "import sys\nsys.stderr = None\nsys.stdout = open('/dev/full', 'w')\n"
        "def main(): print('lost')"
    )
    assert (done.status, done.err) == (1, "")


def test_an_output_that_was_closed_before_is_no_failure(run: "Run") -> None:
    done = run("import sys\nsys.stdout = None\ndef main(): pass")
    assert (done.status, done.err) == (0, "")
