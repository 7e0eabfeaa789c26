"""Putting the prompts of a video to a model, frame by frame as they are decoded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zs_dagster.frame_confidence.answers import Answers, Indices, Scores

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
ScoreStream = Callable[[Iterable[Rgb], Sequence[str]], Iterator[Scores]]
"""Frames in chunks ``(n, H, W, 3)`` and Q prompts to P(yes) per chunk ``(n, Q)``."""


class Part(NamedTuple):
    """Frames that follow each other and are asked the same prompts.

    Attributes:
        frames: Their places among the sampled frames, ``(n,)``.
        rgb: Shape ``(n, H, W, 3)``.
        asked: Columns of the prompts.
    """

    frames: Indices
    rgb: Rgb
    asked: tuple[int, ...]


def ask(
    answers: Answers,
    wanted: Mask,
    chunks: Iterable[Rgb],
    prompts: Sequence[str],
    score_stream: ScoreStream,
) -> None:
    """Ask what is wanted and add each answer as it comes.

    Args:
        answers: Of the video.
        wanted: Shape ``(T, Q)``: which frame is asked which prompt.
        chunks: The frames with something wanted, in order, as they are decoded.
        prompts: Q texts.
        score_stream: The model.
    """
    for asked, parts in groupby(_parts(wanted, chunks), key=lambda part: part.asked):
        under_way: deque[Indices] = deque()
        texts = [prompts[column] for column in asked]
        # The model takes the next frames while it computes: the queue remembers which.
        for p_yes in score_stream(_noted(parts, under_way), texts):
            answers.add(under_way.popleft(), np.array(asked), p_yes)


def _noted(parts: Iterable[Part], under_way: deque[Indices]) -> Iterator[Rgb]:
    for part in parts:
        under_way.append(part.frames)
        yield part.rgb


def _parts(wanted: Mask, chunks: Iterable[Rgb]) -> Iterator[Part]:
    """Cut the chunks where the prompts that are wanted change."""
    places, done = np.flatnonzero(wanted.any(axis=1)), 0
    for chunk in chunks:
        frames = places[done : done + len(chunk)]
        done += len(chunk)
        changes = np.flatnonzero((wanted[frames[1:]] != wanted[frames[:-1]]).any(axis=1)) + 1
        for rgb, rows in zip(np.split(chunk, changes), np.split(frames, changes), strict=True):
            yield Part(rows, rgb, tuple(np.flatnonzero(wanted[rows[0]]).tolist()))
