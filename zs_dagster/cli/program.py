"""The command line as a process: it ends as soon as nothing is left to do.

Python takes all that was imported apart when it ends, and looks for garbage in it: 1.7 s where
torch was used. The system frees the same at once.
"""

import atexit
import os
import sys
from typing import TextIO

FAILED = 1
CTRL_C = 130


def program() -> None:
    """Run the command line; the process ends with its status, and nothing is taken apart."""
    status = FAILED

    def leave() -> None:
        is_told = False
        try:
            is_told = all([_flush(sys.stdout), _flush(sys.stderr)])
        finally:
            os._exit(status or (0 if is_told else FAILED))

    # Called last, as nothing was registered before: threads have ended by then, and so have
    # files and children of whoever registered. Only what waits for its `__del__` is lost.
    atexit.register(leave)
    try:
        from zs_dagster.cli.main import main

        main()
        status = 0
    except KeyboardInterrupt:
        status = CTRL_C
        raise
    except SystemExit as error:
        # Any other status is a message, which Python prints.
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise


def _flush(stream: TextIO | None) -> bool:
    """Write what a stream still holds; false where that fails, or nobody reads it any more."""
    try:
        if stream is not None:  # Closed before the process began.
            stream.flush()
    except BrokenPipeError:
        return False
    except (OSError, ValueError) as error:
        if sys.stderr is not None and stream is not sys.stderr:
            sys.stderr.write(f"error: the output cannot be written: {error}\n")
        return False
    return True
