"""Entry point: every command, and how a failure ends.

Status 0: done. 1: a stage failed. 2: bad input; the message says which rule was broken.
"""

import gc
import os
import sys
from typing import NoReturn

import typer

from zs_dagster.cli.commands import Commands
from zs_dagster.cli.failures import explained
from zs_dagster.cli.program import CTRL_C
from zs_dagster.errors import InputError, ZsDagsterError
from zs_dagster.lines import one_line

# How Dagster says Ctrl-C or SIGTERM; by name, so that no command imports Dagster for it.
INTERRUPTED = frozenset({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})
SELDOM = 200_000  # New objects between two looks of the garbage collector.

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def zs_dagster() -> None:
    """Find and recognise actions in videos that nobody labelled."""


def main() -> None:
    """Run the command line; a deliberate failure is one line, never a traceback."""
    # Hundreds of thousands of objects are imported and stay: looking among them for what nobody
    # needs any more is seldom worth it. Arrays, which are large, go when nothing names them.
    gc.set_threshold(SELDOM)
    try:
        app()
    except InputError as error:
        _fail(error, 2)
    except ZsDagsterError as error:
        _fail(error, 1)
    except BrokenPipeError:
        # The reader went away (`| head`); Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except BaseException as error:
        # Typer turns Ctrl-C into an exit without a word.
        is_ctrl_c = isinstance(error, SystemExit) and error.code == CTRL_C
        if is_ctrl_c or type(error).__name__ in INTERRUPTED:
            _fail("interrupted; run again to continue where it stopped", CTRL_C)
        if isinstance(error, SystemExit) or os.environ.get("ZS_DEBUG"):
            raise
        _fail(explained(error), 1)


def _fail(error: object, status: int) -> NoReturn:
    sys.stderr.write(f"error: {one_line(' '.join(str(error).split()))}\n")
    sys.exit(status)
