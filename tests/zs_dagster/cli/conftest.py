"""The command line in this process and in one of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from zs_dagster.cli.main import main

ROOT = Path(__file__).parents[3]


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Run `zs-dagster ARGUMENTS` in this process; what it sets in the environment ends here."""
    for name in ("ZS_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, os.environ.get(name) or str(tmp_path / "home" / "dagster"))
    monkeypatch.setattr(sys, "path", sys.path[:])

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["zs-dagster", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def spawn() -> Callable[..., Ended]:
    """Run `zs-dagster ARGUMENTS` in a process of its own, from another folder."""

    def call(*arguments: object, folder: Path, before: str = "", **environment: str) -> Ended:
        code = f"{before}\nfrom zs_dagster.cli.program import program; program()"
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
