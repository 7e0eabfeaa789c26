"""Lines of text files, with their place for messages."""

import math
from collections.abc import Iterator
from pathlib import Path

from zs_dagster.errors import DatasetError


def text_of(path: Path) -> str:
    """Read UTF-8 text, with or without a byte order mark.

    Raises:
        DatasetError: If the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatasetError(f"annotation file '{path}' cannot be read: {reason}") from error


def fields_of(path: Path, count: int, form: str) -> Iterator[tuple[str, list[str]]]:
    """Yield ``(place, fields)`` of each line that is not blank, split at white space.

    Args:
        path: Text file.
        count: Fields a line must have.
        form: What a line looks like, for the message.

    Raises:
        DatasetError: If a line has another number of fields.
    """
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        parts = line.split()
        if parts and len(parts) != count:
            raise DatasetError(f"{path}:{number}: a line must be '{form}', got '{line:.60}'")
        if parts:
            yield f"{path}:{number}", parts


def files_in(folder: Path, pattern: str, what: str) -> list[Path]:
    """Return the files of a folder that match, sorted.

    Raises:
        DatasetError: If there is none.
    """
    found = sorted(folder.glob(pattern)) if folder.is_dir() else []
    if not found:
        raise DatasetError(
            f"'{folder}' must hold {what} ({pattern}), found none; check the path"
        )
    return found


def number(text: str, place: str) -> float:
    """Read a finite number.

    Raises:
        DatasetError: If it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetError(f"{place}: must be a finite number of seconds, got '{text}'")
    return value
