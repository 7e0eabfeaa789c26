"""Where a number comes from: the commit of the code and the time."""

import shutil
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

UNKNOWN = "unknown"


@lru_cache(maxsize=1)
def git_commit() -> str:
    """Return the commit of the checkout, with ``-dirty`` for uncommitted changes."""
    git = shutil.which("git")
    if git is None:
        return UNKNOWN
    command = [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude", "*"]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or UNKNOWN


def utc_now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
