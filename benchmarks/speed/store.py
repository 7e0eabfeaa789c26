"""The content-addressed store against plain files, in wall time per item of one run.

An item is what CLIP says of a minute of video: 60 features of 512 numbers. The reference is
`np.save` with a JSON file beside it, where a power cut or a flipped bit goes unseen; the limit
is the same bytes written to a file, flushed to the disk and renamed, or read back.

Usage: python benchmarks/speed/store.py [--quick] [--json FILE].
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from measured import Measured, main

from zs_dagster.digests import digest
from zs_dagster.store import Store

ITEMS, QUICK = 1_600, 320
ARRAYS = {
    "features": np.random.default_rng(0).standard_normal((60, 512)).astype(np.float16),
    "time_s": np.arange(60.0),
}
BYTES = b"".join(array.tobytes() for array in ARRAYS.values())
Act = Callable[[Path, int], object]


def measure(is_quick: bool) -> Sequence[Measured]:
    """Measure writing, then reading what was written."""
    items = QUICK if is_quick else ITEMS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return [
            _row("written", root, items, (_save, _save_plain, _write)),
            _row("read and verified", root, items, (_load, _load_plain, _read)),
        ]


def _row(what: str, root: Path, items: int, acts: tuple[Act, Act, Act]) -> Measured:
    ours, plain, raw = acts
    growth = {
        times: _wall_s(ours, root / str(times), items * times // 16) for times in (1, 4, 16)
    }
    size = len(BYTES) / 1000
    return Measured(
        f"{items} items of {size:.0f} kB {what}",
        "wall s",
        growth[16],
        reference=_wall_s(plain, root / "plain", items),
        reference_is="np.save and a JSON file for each, neither flushed nor verified",
        limit=_wall_s(raw, root / "raw", items),
        limit_is="the same bytes, flushed and renamed; or read",
        goal="linear",
        growth=growth,
        details={"items_per_s": items / growth[16]},
    )


def _wall_s(act: Act, root: Path, items: int) -> float:
    root.mkdir(exist_ok=True)
    started = time.perf_counter()
    for number in range(items):
        act(root, number)
    return time.perf_counter() - started


def _save(root: Path, number: int) -> None:
    Store(root).save_arrays("item", digest(number), ARRAYS)


def _load(root: Path, number: int) -> object:
    return Store(root).load_arrays("item", digest(number))


def _save_plain(root: Path, number: int) -> None:
    for name, array in ARRAYS.items():
        np.save(root / f"{number}-{name}.npy", array)
    (root / f"{number}.json").write_text(json.dumps({"number": number}))


def _load_plain(root: Path, number: int) -> object:
    said = json.loads((root / f"{number}.json").read_text())
    return said, [np.load(root / f"{number}-{name}.npy") for name in ARRAYS]


def _write(root: Path, number: int) -> None:
    with (root / f"{number}.tmp").open("wb") as file:
        file.write(BYTES)
        file.flush()
        os.fsync(file.fileno())
    (root / f"{number}.tmp").rename(root / f"{number}.bin")


def _read(root: Path, number: int) -> object:
    return (root / f"{number}.bin").read_bytes()


if __name__ == "__main__":
    main("store", __doc__, measure)
