"""What parent and decoding child say to each other: a JSON header, then raw arrays.

Nothing is unpickled, so a decoder taken over by a crafted file can answer wrongly but can make
its parent run nothing.
"""

import json
import os
import select
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LENGTH = struct.Struct("<I")
MAX_HEADER = 1 << 20
MAX_ARRAY = 1 << 32
DTYPES = ("|u1", "<i8", "<f8")
WHOLE_PIPE = 1 << 20
ALIVE = "alive"
"""Kind of the message that only says that work goes on."""


class Message(NamedTuple):
    """A header and the arrays that follow it."""

    header: dict[str, Any]
    arrays: list[NDArray[Any]]


class BrokenMessageError(Exception):
    """The other side ended in the middle of a message, or says nonsense."""


class SilenceError(Exception):
    """The other side said nothing for longer than allowed."""


def send(fd: int, header: Mapping[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
    """Write a message as a whole; blocks while the reader is busy."""
    forms = [{"dtype": array.dtype.str, "shape": array.shape} for array in arrays]
    text = json.dumps({**header, "arrays": forms}).encode()
    _write(fd, memoryview(LENGTH.pack(len(text)) + text))
    for array in arrays:
        if array.size:
            _write(fd, np.ascontiguousarray(array).data.cast("B"))


def receive(fd: int, timeout_s: float | None = None) -> Message | None:
    """Read a message; none where the other side ended between two.

    Args:
        fd: File descriptor of a pipe.
        timeout_s: Longest wait without a single byte; for ever if None.

    Raises:
        BrokenMessageError: If the message is cut off or breaks the format.
        SilenceError: If nothing came for ``timeout_s``.
    """
    start = bytearray(LENGTH.size)
    if not _fill(fd, memoryview(start), timeout_s, may_end=True):
        return None
    (size,) = LENGTH.unpack(start)
    if size > MAX_HEADER:
        raise BrokenMessageError(f"header of {size} bytes")
    try:
        text = bytearray(size)
        _fill(fd, memoryview(text), timeout_s)
        header = json.loads(text)
        forms = [_form(entry) for entry in header.pop("arrays")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenMessageError(f"header: {error}") from error
    return Message(header, [_array(fd, *form, timeout_s) for form in forms])


def _form(entry: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:  # noqa: ANN401 - JSON
    if entry["dtype"] not in DTYPES:
        raise ValueError(f"dtype {entry['dtype']!r}")
    shape = tuple(int(length) for length in entry["shape"])
    dtype = np.dtype(entry["dtype"])
    if min(shape, default=0) < 0 or dtype.itemsize * int(np.prod(shape)) > MAX_ARRAY:
        raise ValueError(f"shape {shape}")
    return dtype, shape


def _array(
    fd: int, dtype: np.dtype[Any], shape: tuple[int, ...], timeout_s: float | None
) -> NDArray[Any]:
    array = np.empty(shape, dtype)
    if array.size:
        _fill(fd, array.data.cast("B"), timeout_s)
    return array


def _fill(
    fd: int, target: memoryview, timeout_s: float | None, *, may_end: bool = False
) -> bool:
    """Read until the target is full; False where nothing came and that is allowed."""
    done = 0
    while done < len(target):
        _wait(fd, timeout_s)
        count = os.readv(fd, [target[done : done + WHOLE_PIPE]])
        if not count:
            if may_end and not done:
                return False
            raise BrokenMessageError(f"ended {len(target) - done} bytes early")
        done += count
    return True


def _wait(fd: int, timeout_s: float | None) -> None:
    if timeout_s is None:
        return
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if not poll.poll(1000 * timeout_s):
        raise SilenceError


def _write(fd: int, data: memoryview) -> None:
    while data:
        data = data[os.write(fd, data[:WHOLE_PIPE]) :]
