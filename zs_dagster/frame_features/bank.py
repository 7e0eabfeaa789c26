"""The feature bank of one video: what was encoded for one request serves all later ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.digests import digest
from zs_dagster.errors import StoreError
from zs_dagster.store import Arrays, Store

KIND = "frame_features"
TIMES = "time_s"
MICROSECONDS = 1_000_000
Times = NDArray[np.float64]
Features = NDArray[np.float16]
Wanted = Mapping[str, Times]
"""Crop -> presentation times of the frames wanted of it, seconds, ascending."""


class FeatureBank:
    """Un-normalised features of the frames of a video by one encoder.

    A frame is known by when it is shown, to the microsecond. An entry of the store holds times
    and the features of some crops; entries never change, and whoever looks for a feature looks
    into all of them, once.

    Args:
        store: Where entries lie.
        video: Digest of the pixels and the encoder.
    """

    def __init__(self, store: Store, video: str) -> None:
        self._store, self._kind = store, f"{KIND}/{video}"
        self._read: dict[str, dict[int, Features]] | None = None

    def has(self, key: str) -> bool:
        """Say whether an entry exists, without reading it."""
        return self._store.has_arrays(self._kind, key)

    def load(self, key: str) -> Arrays:
        """Read an entry: ``time_s`` (n,) and, named by the crop, (n, D) float16.

        Raises:
            StoreError: If it is missing or damaged.
        """
        return self._store.load_arrays(self._kind, key)

    def save(self, time_s: Times, features: Mapping[str, NDArray[Any]], key: str = "") -> None:
        """Write features, rounded to float16: a relative error of 5e-4.

        Args:
            time_s: Shape ``(n,)``, when each frame is shown.
            features: What part of the frames -> shape ``(n, D)``, as the encoder gave them.
            key: Name of the entry; by default one of its own for these frames.
        """
        halves = {
            crop: array.astype(np.float16, copy=False) for crop, array in features.items()
        }
        key = key or digest(sorted(features), ticks(time_s).tolist())
        self._store.save_arrays(self._kind, key, {TIMES: time_s, **halves})
        self._read = None

    def missing(self, wanted: Wanted) -> dict[str, Times]:
        """Return what of the wanted frames no entry has, per crop; crops with none left out."""
        left = {}
        for crop, times in wanted.items():
            known = self._known(crop)
            is_new = [tick not in known for tick in ticks(times).tolist()]
            if any(is_new):
                left[crop] = times[is_new]
        return left

    def gather(self, times: Times, crop: str) -> Features:
        """Return the features ``(n, D)`` of the frames shown at some times, in their order.

        Raises:
            StoreError: If one was never encoded.
        """
        known = self._known(crop)
        asked = ticks(times).tolist()
        absent = [tick for tick in asked if tick not in known]
        if absent:
            raise StoreError(
                f"the features of crop '{crop}' lack the frame at {absent[0] / MICROSECONDS:g} "
                f"s ({len(absent)} of {len(asked)}); materialise `frame_features` again"
            )
        return np.stack([known[tick] for tick in asked])

    def _known(self, crop: str) -> dict[int, Features]:
        """Return of all entries what is about a crop: when -> feature."""
        if self._read is None:
            self._read = self._read_entries()
        return self._read.get(crop, {})

    def _read_entries(self) -> dict[str, dict[int, Features]]:
        """Read all entries; a damaged one counts as absent."""
        found: dict[str, dict[int, Features]] = {}
        for key in self._store.keys(self._kind):
            try:
                entry = self.load(key)
            except StoreError:
                continue
            shown = ticks(entry.pop(TIMES)).tolist()
            for crop, features in entry.items():
                found.setdefault(crop, {}).update(zip(shown, features, strict=True))
        return found


def ticks(times: Times) -> NDArray[np.int64]:
    """Return whole microseconds."""
    return np.rint(times * MICROSECONDS).astype(np.int64)
