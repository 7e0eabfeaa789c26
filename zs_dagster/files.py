"""Files that are either whole or absent, never half-written, and those that were damaged."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zs_dagster import processes
from zs_dagster.errors import DiskFullError, NotWritableError

# `.NAME.WRITER.RANDOM.tmp`, with the log that DuckDB keeps beside its file. Older versions
# named no writer.
_TEMPORARY = re.compile(rf"\..+?(?:\.({processes.PATTERN}))?\.[a-z0-9_]{{8}}\.tmp(?:\.wal)?")
DAMAGED = ".damaged"
# EFBIG: the largest file a process may write (`ulimit -f`) is a full disk to it.
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_ACCESS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
# How libraries that keep the number to themselves quote the system.
_NO_SPACE_TEXTS = (*(os.strerror(code) for code in _NO_SPACE), "disk is full")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block succeeds.

    On an error the temporary file is removed and an older ``path`` stays as it was. A reader
    sees the old file or the new one. Data reach the disk before the name does, so a power cut
    leaves no empty file under the final name.

    Raises:
        DiskFullError: If there is no space, whoever noticed it inside the block.
        NotWritableError: If the folder may not be written to.
    """
    temporary = _begin(path)
    try:
        yield temporary
        _flush(temporary)
        # mkstemp makes private files; results are for the whole team, as umask says.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except Exception as error:
        if is_no_space(error):
            raise _no_space(path) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def is_orphan(path: Path, is_any_run_alive: bool) -> bool:
    """Say whether a path is a temporary file whose writer is gone.

    Its age says nothing: clocks jump, and differ between machines.

    Args:
        path: Of any file.
        is_any_run_alive: Decides about writers that cannot be seen from here, as those of
            another machine.
    """
    named = _TEMPORARY.fullmatch(path.name)
    if named is None:
        return False
    writer = named[1]
    if writer is None or not processes.is_here(writer):
        return not is_any_run_alive
    return not processes.is_alive(writer)


def set_aside(path: Path) -> Path:
    """Rename a damaged file, so that it counts as absent; returns where it then lies.

    Where that may not be done it stays: whoever reads it is told of the damage each time.
    """
    aside = path.with_name(path.name + DAMAGED)
    with suppress(OSError):
        path.replace(aside)
        return aside
    return path


def is_no_space(error: BaseException) -> bool:
    """Say whether an error means that a disk is full, also if a library wrapped it."""
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return True
    return any(text in str(error) for text in _NO_SPACE_TEXTS)


def _begin(path: Path) -> Path:
    """Make an empty temporary file beside a path, and the folder where there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{path.name}.{processes.identity()}."
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".tmp")
    except OSError as error:
        if is_no_space(error):
            raise _no_space(path) from error
        if error.errno in _NO_ACCESS:
            raise NotWritableError(
                f"'{path.parent}' must be writable, got: {error.strerror}; change that, or "
                "choose another folder (ZS_HOME)"
            ) from error
        raise
    os.close(handle)
    return Path(name)


def _no_space(path: Path) -> DiskFullError:
    return DiskFullError(
        f"there must be space to write '{path}', got none; free some, then run again: what was "
        "stored is kept"
    )


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
