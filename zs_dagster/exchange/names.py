"""File names that are safe whatever a class or a video is called."""

import re

from zs_dagster.digests import digest

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_LENGTH = 60
NAMELESS = "unnamed"


def safe_name(text: str) -> str:
    """Return letters, digits, '.', '_' and '-', not beginning with a dot or a dash.

    Texts that differ give names that differ, also where case is not told apart: what had to be
    changed carries a digest.
    """
    kept = _UNSAFE.sub("_", text).lstrip(".-")[:MAX_LENGTH]
    if kept and kept == text == text.lower():
        return kept
    return f"{kept.strip('._-') or NAMELESS}-{digest(text)[:8]}"
