"""`zs-dagster ui`: the Dagster UI over this home, on this machine only."""

import os
import sys
from typing import Annotated

import typer

from zs_dagster.cli.graph import ROOT, prepare_environment


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Start the Dagster UI and its daemon; stop with Ctrl-C."""
    prepare_environment()
    sys.stdout.write(f"Dagster UI: http://localhost:{port}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml"]
    # The address of this machine only: whoever reaches the UI may run anything.
    command += ["--host", "127.0.0.1", "--port", str(port)]
    os.chdir(ROOT)
    # Replaced, not wrapped: a signal to this process reaches Dagster, which ends its children.
    os.execv(sys.executable, command)  # noqa: S606 - fixed words, no shell
