"""A decoding process, as its parent sees it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

from numpy.typing import NDArray

from zs_dagster.video.errors import DecoderCrashed, DecodeTimeout
from zs_dagster.video.messages import (
    ALIVE,
    BrokenMessageError,
    Message,
    SilenceError,
    receive,
    send,
)

ROOT = Path(__file__).parents[2]
# Read once, when the libraries are loaded. One thread each: parallel work is over files.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
LAST = frozenset({"end", "error", "input-error"})
"""Kinds of message after which the child waits for the next request."""


@dataclass(frozen=True)
class Limits:
    """What a child may take.

    Attributes:
        timeout_s: Longest standstill before it is killed, seconds.
        memory_mb: Address space, MiB; libraries alone map about 600.
    """

    timeout_s: float = 120.0
    memory_mb: int = 4096


class Child:
    """One decoding process and what it was asked last."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a fixed module
            [sys.executable, "-m", "zs_dagster.video.child", str(limits.memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT},
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
        """Send a request; a child that is gone is noticed when it is listened to."""
        assert self._process.stdin is not None  # noqa: S101 - as it was opened above
        with suppress(BrokenPipeError):
            send(self._process.stdin.fileno(), header, arrays)

    def answers(self, path: Path) -> Iterator[Message]:
        """Yield what it answers about the file asked for, the last message included.

        Raises:
            DecodeTimeout: If it is silent for too long.
            DecoderCrashed: If it ended.
        """
        assert self._process.stdout is not None  # noqa: S101 - as it was opened above
        while True:
            try:
                message = receive(self._process.stdout.fileno(), self._limits.timeout_s)
            except SilenceError as error:
                raise DecodeTimeout(
                    path,
                    f"the decoder was silent for {self._limits.timeout_s:g} s; get the file "
                    "again, or raise timeout_s",
                ) from error
            except BrokenMessageError as error:
                raise self._crashed(path) from error
            if message is None:
                raise self._crashed(path)
            if message.header["kind"] == ALIVE:
                continue
            yield message
            if message.header["kind"] in LAST:
                return

    def end(self) -> None:
        """Kill it and wait for it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            if pipe is not None:
                pipe.close()

    def _crashed(self, path: Path) -> DecoderCrashed:
        self._process.kill()
        code = self._process.wait()
        how = f"was ended by {Signals(-code).name}" if code < 0 else f"ended with status {code}"
        self._stderr.seek(0)
        said = self._stderr.read()[-200:].decode("utf-8", "replace").split("\n")
        last = next((f": {line.strip()}" for line in reversed(said) if line.strip()), "")
        return DecoderCrashed(
            path, f"the decoder {how}{last}; get the file again or convert it"
        )
