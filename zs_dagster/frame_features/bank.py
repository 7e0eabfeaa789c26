"""The feature bank of one video: what was encoded for one request serves all later ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import StoreError
from zs_dagster.store import Arrays, Store

KIND = "frame_features"
FRAMES, TIMES = "frames", "time_s"
Indices = NDArray[np.int64]
Times = NDArray[np.float64]
Features = NDArray[np.float16]
Wanted = Mapping[str, Indices]
"""Crop -> the frames wanted of it, ascending numbers in the order shown."""


class FeatureBank:
    """Un-normalised features of the frames of a video by one encoder.

    An entry of the store holds frames, their times and the features of one crop or several, all
    of the same frames. Entries are named by who asked, and never change; whoever looks for a
    feature looks into all of them.

    Args:
        store: Where entries lie.
        video: Digest of the pixels and the encoder.
    """

    def __init__(self, store: Store, video: str) -> None:
        self._store, self._kind = store, f"{KIND}/{video}"

    def has(self, key: str) -> bool:
        """Say whether an entry exists, without reading it."""
        return self._store.has_arrays(self._kind, key)

    def load(self, key: str) -> Arrays:
        """Read an entry: ``frames`` (n,), ``time_s`` (n,) and per crop (n, D) float16.

        Raises:
            StoreError: If it is missing or damaged.
        """
        return self._store.load_arrays(self._kind, key)

    def save(self, key: str, frames: Indices, time_s: Times, crops: Mapping[str, Any]) -> None:
        """Write an entry; features are rounded to float16, a relative error of 5e-4."""
        halves = {name: features.astype(np.float16) for name, features in crops.items()}
        arrays = {FRAMES: frames, TIMES: time_s, **halves}
        self._store.save_arrays(self._kind, key, arrays)

    def missing(self, wanted: Wanted) -> dict[str, Indices]:
        """Return what of the wanted frames no entry has, per crop; crops with none left out."""
        known = self._known()
        left = {
            crop: np.setdiff1d(frames, list(known.get(crop, ())))
            for crop, frames in wanted.items()
        }
        return {crop: frames for crop, frames in left.items() if frames.size}

    def gather(self, frames: Indices, crop: str) -> Features:
        """Return the features ``(n, D)`` of some frames, in the order asked for.

        Raises:
            StoreError: If one was never encoded.
        """
        known = self._known().get(crop, {})
        absent = [frame for frame in frames.tolist() if frame not in known]
        if absent:
            raise StoreError(
                f"the features of crop '{crop}' lack frame {absent[0]} ({len(absent)} of "
                f"{frames.size}); materialise `frame_features` again"
            )
        return np.stack([known[frame] for frame in frames.tolist()])

    def _known(self) -> dict[str, dict[int, Features]]:
        """Read all entries: crop -> frame -> feature. A damaged one counts as absent."""
        found: dict[str, dict[int, Features]] = {}
        for key in self._store.keys(self._kind):
            try:
                entry = self.load(key)
            except StoreError:
                continue
            frames = entry.pop(FRAMES).tolist()
            entry.pop(TIMES)
            for crop, features in entry.items():
                found.setdefault(crop, {}).update(zip(frames, features, strict=True))
        return found
