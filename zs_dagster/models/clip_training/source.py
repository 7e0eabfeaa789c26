"""What training asks of the clips, wherever their frames come from."""

from typing import Protocol

import numpy as np

from zs_dagster.models.protocols import FrameArray


class ClipSource(Protocol):
    """Labelled clips by number."""

    @property
    def fingerprint(self) -> str:
        """Digest of what clips and labels these are."""

    def __len__(self) -> int:
        """Return the number of clips."""

    def label(self, number: int) -> int:
        """Return the place of a clip's class among the classes."""

    def frames(self, number: int, rng: np.random.Generator) -> FrameArray:
        """Return ``(F, H, W, 3)`` RGB frames, one drawn in each of F equal parts.

        All randomness is of ``rng``. Called from several threads at once.
        """
