"""Which frames to ask about, where not all of them: options that change the scores a little.

Both depend on the video and on one prompt alone, never on what else is asked, so that a stored
answer does not depend on the company it was computed in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.similarity import normalised

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]
Curve = NDArray[np.float32]


@dataclass(frozen=True)
class Economy:
    """How frames are saved; the default asks about every one.

    Attributes:
        stride: The first look is at every ``stride``-th frame; 1 looks at all.
        refine_share: Share of the first look, in ``(0, 1]``, its highest answers, around which
            all frames are asked. Between the others answers are interpolated.
        repeat_similarity: Frames whose CLIP feature has at least this cosine with the last
            frame asked about take over its answer; ``None`` asks about all.

    Raises:
        InputError: If a value is out of its range.
    """

    stride: int = 1
    refine_share: float = 0.25
    repeat_similarity: float | None = None

    def __post_init__(self) -> None:
        if self.stride < 1:
            raise InputError(f"stride must be >= 1, got {self.stride}; 1 asks about all frames")
        if not 0 < self.refine_share <= 1:
            raise InputError(f"refine_share must be in (0, 1], got {self.refine_share}")
        if self.repeat_similarity is not None and not 0 < self.repeat_similarity <= 1:
            raise InputError(
                f"repeat_similarity must be in (0, 1], got {self.repeat_similarity}; "
                "leave it out to ask about all frames"
            )

    @property
    def is_exact(self) -> bool:
        """Whether every frame is asked about."""
        return self.stride == 1 and self.repeat_similarity is None


def stand_ins(features: NDArray[np.floating], similarity: float | None) -> Indices:
    """Return for each of T frames the one that is asked in its place, itself or an earlier one.

    Args:
        features: Shape ``(T, D)``, of any length each.
        similarity: See ``Economy.repeat_similarity``. A frame is compared with the last one
            asked about, not with its neighbour, so that slow change adds up.
    """
    if similarity is None:
        return np.arange(len(features), dtype=np.int64)
    unit = normalised(features)
    found, asked = np.zeros(len(unit), dtype=np.int64), 0
    for frame in range(1, len(unit)):
        if unit[frame] @ unit[asked] < similarity:
            asked = frame
        found[frame] = asked
    return found


def first_look(n: int, stride: int) -> Mask:
    """Return which of n frames the first look asks about: every stride-th, and the last."""
    chosen = np.zeros(n, dtype=np.bool_)
    chosen[::stride] = True
    chosen[-1:] = True
    return chosen


def second_look(p_yes: Curve, share: float) -> Mask:
    """Return which frames to ask about after the first look at them, for one prompt.

    Starts and ends are confident frames, and a segment is as exact as they are: all frames
    are asked between the highest answers of the first look and their neighbours in it.

    Args:
        p_yes: Shape ``(n,)``, NaN where the first look did not ask.
        share: See ``Economy.refine_share``; at least one answer is refined.
    """
    looked = np.flatnonzero(~np.isnan(p_yes))
    kept = max(1, int(share * looked.size))
    chosen = np.zeros(p_yes.size, dtype=np.bool_)
    for place in np.argsort(-p_yes[looked], kind="stable")[:kept]:
        low, high = looked[max(place - 1, 0)], looked[min(place + 1, looked.size - 1)]
        chosen[low : high + 1] = True
    chosen[looked] = False
    return chosen


def interpolated(p_yes: Curve) -> Curve:
    """Return the curve ``(n,)`` with straight lines where it is NaN."""
    known = np.flatnonzero(~np.isnan(p_yes))
    line = np.interp(np.arange(p_yes.size), known, p_yes[known])
    filled: Curve = line.astype(np.float32)
    return filled
