"""The list of commands says what the commands say, and costs nothing."""

import subprocess
import sys

import pytest
import typer

from zs_dagster.cli.commands import COMMANDS, Commands, load
from zs_dagster.cli.main import app


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_where_the_list_says_with_the_help_it_says(name: str) -> None:
    command = load(name)
    assert command.name == name
    assert " ".join(command.help.partition("\n\n")[0].split()) == COMMANDS[name].help
    assert "--install-completion" not in [o for p in command.params for o in p.opts]


def test_the_list_is_all_that_help_imports() -> None:
    code = (
        "import sys; from zs_dagster.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pydantic', 'pyarrow', 'dagster', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_none() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, Commands)
    with typer.Context(group) as context:
        assert group.get_command(context, "none") is None
