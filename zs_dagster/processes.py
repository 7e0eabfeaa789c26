"""Which process this is, and whether another one is still there; no clock is asked."""

import hashlib
import os
import socket
from pathlib import Path

PATTERN = r"[0-9a-f]{8}-\d+-\d*"
_HOST_BYTES = 4


def identity() -> str:
    """Name this process, also among those that have its number before or after it."""
    return f"{_host()}-{os.getpid()}-{started(os.getpid())}"


def is_here(name: str) -> bool:
    """Say whether a process would be seen from here, if it still is."""
    return name.partition("-")[0] == _host()


def is_alive(name: str) -> bool:
    """Say whether a process that would be seen from here still is."""
    _, pid, when = name.split("-")
    return started(int(pid)) == when


def started(pid: int) -> str:
    """Return when a process began, in ticks since the machine did; empty if it is gone."""
    try:
        # Field 22 of proc(5) stat; the name in field 2 may hold spaces, so count from its end.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, ticks = fields[0], fields[19]
    return "" if state == "Z" else ticks


def _host() -> str:
    """Name the machine and, where containers share its name, what counts its processes."""
    try:
        counted = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        counted = ""
    said = f"{socket.gethostname()} {counted}".encode()
    return hashlib.blake2b(said, digest_size=_HOST_BYTES).hexdigest()
