"""What is said of a failure that nobody raised on purpose."""

import os
from pathlib import Path

from zs_dagster.files import is_no_space

# What SQLite says of most that a disk refuses, among it a lack of space.
DISK_ERROR = "disk I/O error"
MIN_FREE_BYTES = 1 << 20


def explained(error: BaseException) -> str:
    """Say what happened and what to do, without the SQL that Dagster's records add to it."""
    reason = str(getattr(error, "orig", None) or error)
    if is_no_space(error):
        return f"the disk is full ({reason}); free some space and run again"
    from zs_dagster.home import Home

    records = Home.from_environment().dagster
    if DISK_ERROR in reason and _is_full(records):
        return f"the disk of '{records}' is full ({reason}); free some space and run again"
    return f"unexpected {type(error).__name__}: {reason} (ZS_DEBUG=1 shows where)"


def _is_full(folder: Path) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES
