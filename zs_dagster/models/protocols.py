"""What the pipeline asks of a model, whatever library or server stands behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FrameArray = NDArray[np.uint8]
FeatureArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


class FrameEncoder(Protocol):
    """Turns frames into features that can be compared with text features."""

    def encode_frames(self, frames: FrameArray) -> FeatureArray:
        """Encode ``(N, H, W, 3)`` RGB frames into ``(N, D)`` un-normalised features."""

    def encode_crops(
        self, frames: FrameArray, crops: Sequence[str]
    ) -> Mapping[str, FeatureArray]:
        """Return what `encode_frames` does for each of several crops of the same frames."""


class TextEncoder(Protocol):
    """Turns sentences into features of the same space."""

    def encode_texts(self, texts: Sequence[str]) -> FeatureArray:
        """Encode N sentences into ``(N, D)`` un-normalised features."""


class YesNoScorer(Protocol):
    """Answers yes/no questions about single frames with a probability."""

    def score(self, frames: FrameArray, questions: Sequence[str]) -> FeatureArray:
        """Return P(yes), shape ``(N, Q)`` in ``[0, 1]``, for N frames and Q prompts."""

    def score_stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        """Yield what `score` returns for every chunk, in order.

        Reads at most two batches ahead of what it has yielded, maybe in another thread; what
        ``chunks`` raises comes out here.
        """
