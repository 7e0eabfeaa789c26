"""Whether the process that a name names is still there."""

import os
import subprocess
import sys

from zs_dagster.processes import identity, is_alive, is_here, started

SAY = "from zs_dagster.processes import identity; print(identity(), flush=True); input()"


def test_a_process_is_alive_until_it_ends() -> None:
    assert is_alive(identity())
    command = [sys.executable, "-c", SAY]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout
        name = child.stdout.readline().strip()
        assert name != identity()
        assert (is_here(name), is_alive(name)) == (True, True)
        child.kill()
        # Dead, and not yet waited for: its entry is still there.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert (is_here(name), is_alive(name)) == (True, False)
    assert not is_alive(name)


def test_a_number_that_is_used_again_is_another_process() -> None:
    host, pid, when = identity().split("-")
    assert when == started(int(pid))
    assert not is_alive(f"{host}-{pid}-{int(when) - 1}")


def test_a_process_of_another_machine_cannot_be_seen() -> None:
    _, pid, when = identity().split("-")
    assert not is_here(f"00000000-{pid}-{when}")
