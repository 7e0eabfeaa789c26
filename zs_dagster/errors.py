"""Exceptions raised on purpose. Everything else is a bug.

A message states the rule that was broken, the value that broke it and what to do about it.
"""


class ZsDagsterError(Exception):
    """Base class: catch this to catch every deliberate failure of the project.

    Attributes:
        passes: Whether the same may go well later, with nothing changed by the user.
    """

    passes = False


class InputError(ZsDagsterError, ValueError):
    """Something the user gave breaks a rule; the command line exits with status 2."""


class InvalidSegmentsError(InputError):
    """Segment columns disagree in shape, are not finite, or end before they start."""


class DatasetError(InputError):
    """A dataset, its description or its annotation file breaks a rule."""


class VideoError(InputError):
    """A video file could not be read; carries the reason without the path."""

    def __init__(self, path: object, reason: str) -> None:
        # What is not UTF-8 in a name cannot be printed or stored; `\\xNN` can.
        text = str(path).encode("utf-8", "surrogateescape")
        self.path = text.decode("utf-8", "backslashreplace")
        self.reason = reason
        super().__init__(f"cannot read video '{self.path}': {reason}")


class QueryError(InputError):
    """No valid question could be found or written for a class."""


class BudgetError(ZsDagsterError):
    """A limit on what a language model may cost is reached; what was written is kept."""


class ModelError(ZsDagsterError):
    """A model could not be loaded, or its outputs are unusable."""


class UnreachableError(ModelError):
    """A server of a model does not answer, or not now."""

    passes = True


class DiskFullError(ZsDagsterError):
    """A file could not be written for want of space; no half of it is left."""

    passes = True


class NotWritableError(InputError):
    """A file may not be written where it belongs."""


class StoreError(ZsDagsterError):
    """An entry of the store is missing, unreadable or not what its key says."""


class DamagedEntryError(StoreError):
    """A file is not what was written; it is set aside, so that it is computed anew."""


def passes(error: BaseException) -> bool:
    """Say whether the same may go well later: no memory, no space, nobody who answers."""
    if isinstance(error, ZsDagsterError):
        return error.passes
    # By name, so that nobody imports torch to ask about its `OutOfMemoryError`.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def is_damage(error: Exception) -> bool:
    """Say whether what was met while reading a file tells that it is not what was written.

    It does not where the file could not be reached, or not be held: that may go well later.
    """
    is_told_by_system = isinstance(error, OSError) and error.errno is not None
    return not (is_told_by_system or passes(error))
