"""Digests: the identity of content, of files and of what made an artefact."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGEST_BYTES = 16
CHUNK_BYTES = 1 << 20


def digest(*parts: object) -> str:
    """Return the BLAKE2b digest (32 hex digits) of JSON-serialisable parts.

    Mappings are compared by content, not by the order of their keys.

    Raises:
        TypeError: If a part has no JSON form; a silent ``repr`` could hold an address.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


class ListDigest:
    """`digest` of one list, taken item by item: the list itself need not be held."""

    def __init__(self) -> None:
        self._state = hashlib.blake2b(b"[[", digest_size=DIGEST_BYTES)
        self._separator = ""

    def add(self, item: object) -> None:
        """Append an item; raises as `digest`."""
        text = json.dumps(item, sort_keys=True, ensure_ascii=False, allow_nan=False)
        self._state.update((self._separator + text).encode())
        self._separator = ", "

    def value(self) -> str:
        """Return ``digest(items)`` of the items so far."""
        whole = self._state.copy()
        whole.update(b"]]")
        return whole.hexdigest()


def arrays_digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the BLAKE2b digest (32 hex digits) of names, types, shapes and bytes of arrays."""
    state = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for name, array in sorted(arrays.items()):
        state.update(digest(name, array.dtype.str, array.shape).encode())
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


def file_digest(path: Path) -> str:
    """Return the BLAKE2b digest (32 hex digits) of all bytes of a file."""
    state = hashlib.blake2b(digest_size=DIGEST_BYTES)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def folder_digest(folder: Path) -> str:
    """Return the digest of the names and bytes of all files directly in a folder."""
    files: Mapping[str, str] = {
        path.name: file_digest(path) for path in sorted(folder.iterdir()) if path.is_file()
    }
    return digest(files)
