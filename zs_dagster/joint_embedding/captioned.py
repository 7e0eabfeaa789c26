"""Segments of videos with sentences about them: what the joint space is trained on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.digests import digest
from zs_dagster.errors import InputError

IntArray = NDArray[np.int64]
ARRAYS = ("frames", "first", "sentence_features", "caption", "positives")


@dataclass(frozen=True, eq=False)
class CaptionedSegments:
    """N segments of videos, with R different sentences.

    Attributes:
        frames: Shape ``(F, D)``, float16 or float32, un-normalised frame features of all
            segments, one after the other, in order of time. More rows than are trained on
            at once are welcome: each epoch chooses anew.
        first: Shape ``(N + 1,)``; segment n has the rows ``first[n]:first[n + 1]``.
        video: N video ids.
        sentences: R texts.
        sentence_features: Shape ``(R, S)``, float32, un-normalised.
        caption: Shape ``(N,)``, the caption of each segment among the sentences.
        positives: Shape ``(P, 2)``, pairs of a segment and a sentence about it; the caption
            of a segment is among them.

    Raises:
        InputError: If the columns do not fit together or a feature has no direction.
    """

    frames: NDArray[Any]
    first: IntArray
    video: Sequence[str]
    sentences: Sequence[str]
    sentence_features: NDArray[np.float32]
    caption: IntArray
    positives: IntArray

    def __post_init__(self) -> None:
        self._check_frames()
        self._check_sentences()
        self._check_positives()

    def __len__(self) -> int:
        return len(self.video)

    def fingerprint(self) -> str:
        """Return the digest of all texts and numbers."""
        arrays = {name: _array_digest(getattr(self, name)) for name in ARRAYS}
        return digest(list(self.video), list(self.sentences), arrays)

    def _check_frames(self) -> None:
        if self.frames.ndim != 2 or not len(self):
            raise InputError(
                "training needs captioned segments with frames of shape (F, D), got "
                f"{len(self)} segments and frames {self.frames.shape}"
            )
        ends = self.first.shape == (len(self) + 1,) and (self.first[0], self.first[-1])
        if ends != (0, len(self.frames)) or (np.diff(self.first) < 1).any():
            raise InputError(
                f"first must rise from 0 to {len(self.frames)} in {len(self)} steps, one per "
                "segment with at least one frame"
            )
        _check_directions(self.frames, "frame features")

    def _check_sentences(self) -> None:
        rows = self.sentence_features
        if rows.ndim != 2 or len(rows) != len(self.sentences) or not len(rows):
            raise InputError(
                f"sentence features must have shape ({len(self.sentences)}, S), at least one "
                f"row, got {rows.shape}"
            )
        if len(set(self.sentences)) != len(self.sentences):
            raise InputError("sentences must differ from one another; name each once")
        _check_directions(rows, "sentence features")

    def _check_positives(self) -> None:
        n, r = len(self), len(self.sentences)
        if self.caption.shape != (n,) or not _in_range(self.caption, r):
            raise InputError(f"caption must have {n} places in 0 … {r - 1}")
        pairs = self.positives
        is_pair = pairs.ndim == 2 and pairs.shape[1] == 2
        if not is_pair or not (_in_range(pairs[:, 0], n) and _in_range(pairs[:, 1], r)):
            raise InputError(f"positives must be pairs of 0 … {n - 1} and 0 … {r - 1}")
        codes = np.unique(pairs[:, 0] * r + pairs[:, 1])
        if len(codes) != len(pairs):
            raise InputError("positives must differ from one another; name each pair once")
        missing = ~np.isin(np.arange(n) * r + self.caption, codes)
        if missing.any():
            raise InputError(
                f"positives must hold the caption of every segment; {int(missing.sum())} of "
                f"{n} lack it, such as segment {int(missing.argmax())}"
            )


def _check_directions(rows: NDArray[Any], what: str) -> None:
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    broken = int((~(np.isfinite(squares) & (squares > 0))).sum())
    if broken:
        raise InputError(
            f"{what} must be finite and not zero; {broken} of {len(rows)} rows are not"
        )


def _in_range(places: IntArray, count: int) -> bool:
    return bool(((places >= 0) & (places < count)).all())


def _array_digest(array: NDArray[Any]) -> list[object]:
    state = hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16)
    return [str(array.dtype), list(array.shape), state.hexdigest()]
