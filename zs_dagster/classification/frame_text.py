"""What aggregation sees: the frames of one video beside the texts of all classes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.unit_vectors import unit
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray


@dataclass(frozen=True, eq=False)
class Words:
    """Features of the single tokens of the class texts.

    Attributes:
        features: Shape ``(W, D)``; of each text up to its end-of-text token.
        class_of: Shape ``(W,)``, the class of each, in 0 … K-1; every class has one.
    """

    features: NDArray[Any]
    class_of: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FrameText:
    """Features of F frames, of K classes and, for video concept spotting, of words.

    Attributes:
        frames: Shape ``(F, D)``, un-normalised.
        classes: Shape ``(K, D)``, one text feature per class.
        words: W tokens of the class texts, if any.

    Raises:
        InputError: If shapes disagree or are empty.
    """

    frames: NDArray[Any]
    classes: NDArray[Any]
    words: Words | None = None

    def __post_init__(self) -> None:
        shapes = (self.frames.shape, self.classes.shape)
        if any(len(shape) != 2 or not shape[0] for shape in shapes) or (
            shapes[0][1] != shapes[1][1]
        ):
            raise InputError(
                "frames and classes must have shapes (F, D) and (K, D), F and K >= 1, got "
                f"{shapes[0]} and {shapes[1]}"
            )

    @cached_property
    def unit_frames(self) -> FloatArray:
        """Shape ``(F, D)``, unit length."""
        return unit(self.frames, "frame features")

    @cached_property
    def unit_classes(self) -> FloatArray:
        """Shape ``(K, D)``, unit length."""
        return unit(self.classes, "class features")

    @cached_property
    def cosine(self) -> FloatArray:
        """Shape ``(F, K)``, in [-1, 1]."""
        return self.unit_frames @ self.unit_classes.T

    def unit_words(self) -> tuple[FloatArray, NDArray[np.int64]]:
        """Return ``(W, D)`` word features of unit length, and the ``(W,)`` class of each.

        Raises:
            InputError: If there are none, or they do not fit the classes.
        """
        if self.words is None:
            raise InputError("video concept spotting needs the features of words, got none")
        (n_classes, width), words = self.classes.shape, self.words
        is_shaped = words.features.shape == (len(words.class_of), width)
        if not is_shaped or set(words.class_of.tolist()) != set(range(n_classes)):
            raise InputError(
                f"words must have shape (W, {width}), and each of {n_classes} classes must "
                f"have one, got {words.features.shape} for {len(words.class_of)} words"
            )
        return unit(words.features, "word features"), words.class_of
