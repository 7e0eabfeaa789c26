"""Class labels and how people write them."""

import re

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def readable(label: str) -> str:
    """Return a label as words: "CleanAndJerk" and "clean_and_jerk" give "clean and jerk"."""
    words = _WORD_START.sub(" ", label).replace("_", " ").split()
    return " ".join(word if _is_acronym(word) else word.lower() for word in words)


def normalised(label: str) -> str:
    """Return what two spellings of one label have in common."""
    return _NOT_WORD.sub(" ", readable(label).lower()).strip()


def _is_acronym(word: str) -> bool:
    return len(word) > 1 and word.isupper()
