"""Which classes a video may contain: CLIP similarity of a few frames, top k."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from zs_dagster.errors import InputError
from zs_dagster.similarity import Matrix, normalised

DEFAULT_FILTER_FRAMES = 8


def video_similarity(
    features: NDArray[Any], texts: NDArray[Any], n_frames: int = DEFAULT_FILTER_FRAMES
) -> Matrix:
    """Compare the mean of uniformly spaced frame features with class texts.

    Args:
        features: Frame features, shape ``(T, D)``, T >= 1, un-normalised; each frame counts
            equally, whatever its norm.
        texts: Class text features, shape ``(K, D)``.
        n_frames: Frames to average; all of them where there are fewer.

    Returns:
        Cosine similarity, shape ``(K,)`` in ``[-1, 1]``.

    Raises:
        InputError: If there is no frame.

    Reference:
        ZEAL, arXiv:2410.14340, section 3 (class filtering, 8 frames).
    """
    return similarity_to_units(features, normalised(texts), n_frames)


def similarity_to_units(
    features: NDArray[Any], units: Matrix, n_frames: int = DEFAULT_FILTER_FRAMES
) -> Matrix:
    """Do as `video_similarity` with class texts that are of unit length, ``(K, D)``.

    Whoever has many videos normalises the texts of their classes once.
    """
    if not len(features):
        raise InputError("class filter needs at least 1 frame, got 0")
    index = uniform_index(len(features), n_frames)
    mean = normalised(features[index]).mean(axis=0, keepdims=True)
    similarity: Matrix = np.clip(normalised(mean) @ units.T, -1.0, 1.0)[0]
    return similarity


def uniform_index(length: int, n: int) -> NDArray[np.intp]:
    """Return the middles of n equal parts of ``range(length)``, without repeats."""
    if n >= length:
        return np.arange(length)
    return ((np.arange(n) + 0.5) * length / n).astype(np.intp)


def class_ranks(similarity: Matrix) -> NDArray[np.intp]:
    """Rank classes from 1 by falling similarity; ties keep the order of the classes."""
    ranks = np.empty(len(similarity), dtype=np.intp)
    ranks[np.argsort(-similarity, kind="stable")] = np.arange(1, len(similarity) + 1)
    return ranks


class Ranks(Mapping[str, dict[str, int]]):
    """Video -> class -> rank of V videos, held as numbers: dictionaries take 20 times as much.

    Args:
        row: Video -> its row; several rankings of the same videos may share it.
        labels: C classes.
        ranks: Shape ``(V, C)``.
    """

    def __init__(
        self, row: Mapping[str, int], labels: Sequence[str], ranks: NDArray[np.integer]
    ) -> None:
        self._row, self._labels, self._ranks = row, labels, ranks

    @override
    def __getitem__(self, video: str) -> dict[str, int]:
        ranks = self._ranks[self._row[video]].tolist()
        return dict(zip(self._labels, ranks, strict=True))

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    @override
    def __len__(self) -> int:
        return len(self._row)
