"""Scoring one video: what to ask next, what was answered, and the result in the store."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import VideoError
from zs_dagster.frame_confidence.answers import Answers, Scores
from zs_dagster.frame_confidence.asking import Mask, Rgb, ScoreStream, ask
from zs_dagster.frame_confidence.economy import (
    Economy,
    first_look,
    interpolated,
    second_look,
    stand_ins,
)
from zs_dagster.store import Arrays, Store

KIND = "frame_confidence"
TIME_TOLERANCE_S = 1e-6
Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """The sampled frames of a video.

    Attributes:
        time_s: Shape ``(T,)``, presentation times, seconds.
        features: Shape ``(T, D)``, CLIP features of the same frames.
    """

    time_s: Times
    features: NDArray[np.float16]


class ScoringTask:
    """The prompts of a video that have no answer in the store yet.

    Args:
        store: Takes the answers.
        video: Digest of the video, its sampling, the model and the economy.
        keys: Prompt -> key of its entry in the store.
        samples: The frames there are.
        economy: Which of them are asked.
    """

    def __init__(
        self,
        store: Store,
        video: str,
        keys: Mapping[str, str],
        samples: Samples,
        economy: Economy,
    ) -> None:
        self._store, self._keys, self._economy = store, dict(keys), economy
        self._time_s = samples.time_s
        self._stand_ins = stand_ins(samples.features, economy.repeat_similarity)
        self._answers = Answers(store, video, list(keys.values()), len(samples.time_s))

    def next_look(self) -> Mask:
        """Return which frame is asked which prompt next, ``(T, Q)``; none: all is asked."""
        known = self._answers.known
        first = np.zeros(len(known), dtype=np.bool_)
        distinct = self._distinct
        first[distinct[first_look(distinct.size, self._economy.stride)]] = True
        wanted: Mask = first[:, None] & ~known
        if wanted.any() or self._economy.stride == 1:
            return wanted
        # Decided by the first look alone, so that a resumed second look is the same one.
        seen = np.where(first[:, None], self._answers.p_yes, np.float32(np.nan))[distinct]
        for column, curve in enumerate(seen.T):
            wanted[distinct, column] = second_look(curve, self._economy.refine_share)
        return wanted & ~known

    def ask(
        self, wanted: Mask, chunks: Iterable[tuple[Rgb, Times]], score_stream: ScoreStream
    ) -> None:
        """Put the prompts of one look to the model.

        Args:
            wanted: From `next_look`.
            chunks: The frames with something wanted, in order, and their times in seconds.
            score_stream: The model.

        Raises:
            VideoError: If the frames are not those that were sampled before.
        """
        times = self._time_s[wanted.any(axis=1)]
        ask(self._answers, wanted, _checked(chunks, times), list(self._keys), score_stream)

    def finish(self) -> None:
        """Store the answers of each prompt for all frames; drop what was kept on the way."""
        p_yes = self._settled()
        for column, key in enumerate(self._keys.values()):
            arrays: Arrays = {"p_yes": p_yes[:, column], "time_s": self._time_s}
            self._store.save_arrays(KIND, key, arrays)
        self._answers.forget()

    @property
    def _distinct(self) -> NDArray[np.intp]:
        return np.flatnonzero(self._stand_ins == np.arange(len(self._stand_ins)))

    def _settled(self) -> Scores:
        if self._economy.is_exact:
            return self._answers.p_yes
        asked = self._answers.p_yes[self._distinct]
        curves = np.stack([interpolated(curve) for curve in asked.T], axis=1)
        settled: Scores = curves[np.searchsorted(self._distinct, self._stand_ins)]
        return settled


def _checked(chunks: Iterable[tuple[Rgb, Times]], expected: Times) -> Iterator[Rgb]:
    """Pass frames on if they are shown when the sampled ones are."""
    done = 0
    for rgb, time_s in chunks:
        there = expected[done : done + len(time_s)]
        done += len(time_s)
        if there.shape != time_s.shape or np.abs(there - time_s).max() > TIME_TOLERANCE_S:
            raise VideoError(
                "of this row", "other frames than before; materialise `frame_features` again"
            )
        yield rgb
    if done != len(expected):
        raise VideoError("of this row", f"{done} frames of {len(expected)}; get the file again")
