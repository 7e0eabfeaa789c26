"""The content-addressed store: what was computed once is never computed again.

An entry is named by the digest of everything that made it, so it never goes stale and never
needs a lock: two writers of one key write the same content. Where the last result of something
is kept (``stage_results``, ``pictures``), the entry itself says what made it. Each carries a
digest of what is in it, so that a damaged file is noticed when it is read.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from zs_dagster.digests import arrays_digest, digest, file_digest
from zs_dagster.errors import DamagedEntryError, StoreError
from zs_dagster.files import atomic_path, set_aside

Arrays = dict[str, NDArray[Any]]
Content = TypeVar("Content")
DIGEST = "zs_dagster/digest"
# Entries of older versions have neither; a damaged end or header cannot pass for one of them.
END = "\n"


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
            save_file(contiguous, temporary, {DIGEST: arrays_digest(contiguous)})

    def load_arrays(self, kind: str, key: str) -> Arrays:
        """Read the arrays of a key.

        Raises:
            DamagedEntryError: If its file is not what was written; it then counts as absent.
            StoreError: If the entry is missing or cannot be read.
        """
        path = self.path(kind, key, "safetensors")
        return _told(path, f"{kind}/{key}", read_arrays)

    def delete_arrays(self, kind: str, key: str) -> None:
        """Delete an entry that is no longer needed; one that is gone is no error."""
        self.path(kind, key, "safetensors").unlink(missing_ok=True)

    def save_document(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Write a JSON document under a key, whole or not at all."""
        # As it will be read: JSON knows neither tuples nor keys that are numbers.
        said = json.loads(json.dumps(document, allow_nan=False))
        said[DIGEST] = digest(said)
        text = json.dumps(said, ensure_ascii=False, indent=1) + END
        with atomic_path(self.path(kind, key, "json")) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def read_document(self, kind: str, key: str) -> dict[str, Any]:
        """Read a JSON document that must be there; raises as `load_arrays`."""
        path = self.path(kind, key, "json")
        return _told(path, f"{kind}/{key}", read_document)

    def load_document(self, kind: str, key: str) -> dict[str, Any] | None:
        """Read a JSON document that can be made anew; ``None`` if it is absent or damaged."""
        try:
            return self.read_document(kind, key)
        except StoreError:
            return None

    def files(self) -> list[Path]:
        """Return the files of all entries, sorted."""
        return sorted(path for path in self.root.rglob("*.*") if path.suffix in _READ)

    def damaged(self) -> Iterator[Path]:
        """Read everything; yield the files that are not what was written."""
        for path in self.files():
            try:
                _READ[path.suffix](path)
            except FileNotFoundError:
                continue  # Deleted meanwhile: it was no longer needed.
            except ValueError:
                yield path


def read_arrays(path: Path) -> Arrays:
    """Read and verify a file of arrays.

    Raises:
        ValueError: If it is not what was written.
        OSError: If it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            said = file.metadata()
            arrays: Arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    # The latter two: numbers that NumPy does not have, such as bfloat16.
    except (SafetensorError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error
    if said is not None and said.get(DIGEST) != arrays_digest(arrays):
        raise ValueError("the content has another digest than when it was written")
    return arrays


def read_document(path: Path) -> dict[str, Any]:
    """Read and verify a JSON document; raises as `read_arrays`."""
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a document must be a mapping")  # noqa: TRY004 - of its content
    said = document.pop(DIGEST, None)
    if (said is not None or text.endswith(END)) and said != digest(document):
        raise ValueError("the content has another digest than when it was written")
    return document


def _snapshot(path: Path) -> None:
    """Verify a copy of a table, which is named by the digest of its bytes."""
    if file_digest(path) != path.stem:
        raise ValueError("the content has another digest than its name says")


_READ: dict[str, Callable[[Path], object]] = {
    ".safetensors": read_arrays,
    ".json": read_document,
    ".parquet": _snapshot,
}


def _told(path: Path, entry: str, read: Callable[[Path], Content]) -> Content:
    try:
        return read(path)
    except ValueError as error:
        raise DamagedEntryError(
            f"store entry {entry} is damaged ({error}); it now lies at '{set_aside(path)}', "
            "run again to compute it anew"
        ) from error
    except OSError as error:
        raise StoreError(
            f"store entry {entry} cannot be read ({error}); delete '{path}' and run again to "
            "compute it anew"
        ) from error
