"""The content-addressed store: what was computed once is never computed again.

An entry is named by the digest of everything that made it, so it never goes stale and never
needs a lock: two writers of one key write the same content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import StoreError
from zs_dagster.files import atomic_path

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Store:
    """Arrays (safetensors) and documents (JSON) under ``root/<kind>/<2 digits>/<key>``.

    Attributes:
        root: Folder of the store; made when the first entry is written.
    """

    root: Path

    def path(self, kind: str, key: str, suffix: str) -> Path:
        """Return where an entry lies, or would lie."""
        return self.root / kind / key[:2] / f"{key}.{suffix}"

    def has_arrays(self, kind: str, key: str) -> bool:
        """Say whether an entry exists, without reading it."""
        return self.path(kind, key, "safetensors").is_file()

    def keys(self, kind: str) -> list[str]:
        """Return the keys of all arrays of a kind, sorted."""
        return sorted(path.stem for path in (self.root / kind).glob("??/*.safetensors"))

    def save_arrays(self, kind: str, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write named arrays under a key, whole or not at all."""
        from safetensors.numpy import save_file

        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        with atomic_path(self.path(kind, key, "safetensors")) as temporary:
            save_file(contiguous, temporary)

    def load_arrays(self, kind: str, key: str) -> Arrays:
        """Read the arrays of a key.

        Raises:
            StoreError: If the entry is missing or its file is not what was written.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.path(kind, key, "safetensors")
        try:
            arrays: Arrays = load_file(path)
        except (OSError, SafetensorError) as error:
            raise StoreError(
                f"store entry {kind}/{key} cannot be read ({error}); delete '{path}' "
                "and run again to compute it anew"
            ) from error
        return arrays

    def delete_arrays(self, kind: str, key: str) -> None:
        """Delete an entry that is no longer needed; one that is gone is no error."""
        self.path(kind, key, "safetensors").unlink(missing_ok=True)

    def save_document(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Write a JSON document under a key, whole or not at all."""
        with atomic_path(self.path(kind, key, "json")) as temporary:
            text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
            temporary.write_text(text, encoding="utf-8")

    def load_document(self, kind: str, key: str) -> dict[str, Any] | None:
        """Read a JSON document, or ``None`` where there is none or it is broken."""
        try:
            text = self.path(kind, key, "json").read_text(encoding="utf-8")
            document = json.loads(text)
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None
