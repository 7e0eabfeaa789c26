"""`zs-dagster ui`: the Dagster UI over this home, on this machine only."""

import errno
import fcntl
import os
import signal
import socket
import sys
from typing import Annotated

import typer

from zs_dagster.cli.graph import ROOT, lock_path, prepare_environment
from zs_dagster.errors import InputError
from zs_dagster.home import Home

# The address of this machine only: whoever reaches the UI may run anything.
HOST = "127.0.0.1"
# Its command is superseded by one of another package, which it says at each start.
QUIET = "ignore:Function `dev_command` is superseded"


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Start the Dagster UI and its daemon; stop with Ctrl-C."""
    home = prepare_environment()
    address = f"http://localhost:{port}"
    _hold(home, address)
    _check_free(port)
    sys.stdout.write(f"Dagster UI: {address}\n")
    sys.stdout.flush()
    workspace = str(ROOT / "workspace.yaml")
    command = [sys.executable, "-W", QUIET, "-m", "dagster", "dev", "-w", workspace]
    command += ["--host", HOST, "--port", str(port)]
    # A script's `&` has SIGINT ignored, and Dagster treats SIGTERM as it treats SIGINT.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Where its settings lie: elsewhere it warns of those that it does not read.
    os.chdir(home.dagster)
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    # Replaced, not wrapped: a signal to this process reaches Dagster, which ends its children.
    os.execv(sys.executable, command)  # noqa: S606 - fixed words, no shell


def _hold(home: Home, address: str) -> None:
    """Keep other UIs off this home until this process ends: two daemons would run all twice.

    Raises:
        InputError: If one runs.
    """
    # A name that no dataset has.
    lock = os.open(lock_path(".ui"), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        where = os.read(lock, 100).decode()
        raise InputError(
            f"the UI of '{home.root}' runs already, at {where}; use that one, or end it first"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, address.encode())
    # Dagster replaces this process and holds it on; its children do not.
    os.set_inheritable(lock, True)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server does: what a former one left behind is no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            is_taken = error.errno == errno.EADDRINUSE
            reason = "in use" if is_taken else f"not for you ({error.strerror})"
            raise InputError(f"port {port} is {reason}; use another --port") from error
