"""`zs-dagster ui`: the Dagster UI over this home, on this machine only."""

import subprocess
import sys
from typing import Annotated

import typer

from zs_dagster.cli.graph import ROOT, prepare_environment
from zs_dagster.errors import ZsDagsterError


def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Start the Dagster UI and its daemon; stop with Ctrl-C."""
    prepare_environment()
    sys.stdout.write(f"Dagster UI: http://localhost:{port}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml"]
    # No shell, and the address of this machine only: whoever reaches the UI may run anything.
    command += ["--host", "127.0.0.1", "--port", str(port)]
    try:
        status = subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603
    except KeyboardInterrupt:
        return
    if status:
        raise ZsDagsterError(f"the Dagster UI ended with status {status}; see its output above")
