"""The answers about one video, kept as they arrive, so that a killed run asks nothing twice."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zs_dagster.digests import digest
from zs_dagster.errors import ModelError, StoreError
from zs_dagster.store import Arrays, Store

KIND = "frame_confidence_progress"
FRAMES = "frames"
Scores = NDArray[np.float32]
Indices = NDArray[np.int64]


class Answers:
    """P(yes) of the frames and prompts of a video, as far as it is known.

    What is added is written at once to the store, one entry per addition, with the keys of the
    prompts as names of the columns. `forget` deletes them when the results are stored.

    Args:
        store: Where additions are kept.
        video: Digest of the video, its sampling and the model.
        prompts: Keys of the Q prompts.
        n_frames: Number T of sampled frames.

    Attributes:
        p_yes: Shape ``(T, Q)``, in ``[0, 1]``; NaN where it is unknown.
    """

    def __init__(self, store: Store, video: str, prompts: Sequence[str], n_frames: int) -> None:
        self.p_yes: Scores = np.full((n_frames, len(prompts)), np.nan, dtype=np.float32)
        self._store, self._video, self._prompts = store, video, list(prompts)
        self._entries = 0
        while (entry := self._load(self._entries)) is not None:
            self._take(entry)
            self._entries += 1

    @property
    def known(self) -> NDArray[np.bool_]:
        """Shape ``(T, Q)``: whether a frame was asked a prompt."""
        return ~np.isnan(self.p_yes)

    def add(self, frames: Indices, columns: Indices, p_yes: Scores) -> None:
        """Keep the answers ``(n, q)`` of n frames to q of the prompts.

        Raises:
            ModelError: If one is not a number: it would count as not asked, for ever.
        """
        if np.isnan(p_yes).any():
            raise ModelError("answers must be numbers, got NaN from the model; use float32")
        self.p_yes[np.ix_(frames, columns)] = p_yes
        entry: Arrays = {self._prompts[c]: p_yes[:, i] for i, c in enumerate(columns)}
        self._store.save_arrays(KIND, self._key(self._entries), {FRAMES: frames, **entry})
        self._entries += 1

    def forget(self) -> None:
        """Delete what was kept on the way, newest first, so that what is left is found."""
        # Behind a damaged entry there may be more than were read.
        while self._store.has_arrays(KIND, self._key(self._entries)):
            self._entries += 1
        while self._entries:
            self._entries -= 1
            self._store.delete_arrays(KIND, self._key(self._entries))

    def _key(self, number: int) -> str:
        return digest(KIND, self._video, number)

    def _load(self, number: int) -> Arrays | None:
        try:
            return self._store.load_arrays(KIND, self._key(number))
        except StoreError:
            return None  # The end, or damaged: what follows is asked again.

    def _take(self, entry: Arrays) -> None:
        frames = entry.pop(FRAMES)
        inside = frames < len(self.p_yes)
        for column, prompt in enumerate(self._prompts):
            if prompt in entry:
                self.p_yes[frames[inside], column] = entry[prompt][inside]
