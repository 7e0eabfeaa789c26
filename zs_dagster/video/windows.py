"""Views of a video for test-time prompt tuning: windows of several lengths, frames in each.

Source: ZAR, section on temporal augmentation: rates 1, 1/2, 1/4 and 1/8 of the length; within
a window the frames are drawn as in the training sampler of ViFi-CLIP (arXiv:2212.03640), one in
each of equal parts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.video.frames import FloatArray

DEFAULT_RATES = (1.0, 0.5, 0.25, 0.125)


@dataclass(frozen=True)
class Windows:
    """How to cut views out of a video.

    Attributes:
        rates: Lengths of windows as shares of the video, each in (0, 1].
        n_windows: Windows per rate, >= 1.
        n_frames: Frames per window, >= 1.
        is_jittered: Draw each frame at random in its part; else take the middle of the part.

    Raises:
        InputError: If a value is out of range.
    """

    rates: Sequence[float] = DEFAULT_RATES
    n_windows: int = 4
    n_frames: int = 16
    is_jittered: bool = True

    def __post_init__(self) -> None:
        if not self.rates or not all(0 < rate <= 1 for rate in self.rates):
            raise InputError(f"rates must be numbers in (0, 1], got {tuple(self.rates)}")
        if self.n_windows < 1 or self.n_frames < 1:
            raise InputError(
                f"n_windows and n_frames must be >= 1, got {self.n_windows} and {self.n_frames}"
            )


def window_times(
    duration_s: float, windows: Windows, *, seed: int, video_id: str
) -> FloatArray:
    """Return the times of the frames of every view.

    Seed and video decide them alone: the order of videos and the number of workers do not.

    Args:
        duration_s: Length of the video in seconds, > 0.
        windows: How to cut.
        seed: Of the run.
        video_id: The video.

    Returns:
        Shape ``(Q * M, F)``, rate by rate; in a row ascending seconds inside its window.

    Raises:
        InputError: If the duration is not finite and positive.
    """
    if not (np.isfinite(duration_s) and duration_s > 0):
        raise InputError(f"duration_s must be finite and > 0, got {duration_s:g}")
    draw = _generator(seed, video_id)
    lengths = np.repeat(np.array(windows.rates) * duration_s, windows.n_windows)
    starts = draw.random(lengths.size) * (duration_s - lengths)
    places = _places(windows, lengths.size, draw)
    # The end itself shows no frame.
    last = np.nextafter(duration_s, 0)
    return np.minimum(starts[:, None] + places * lengths[:, None], last)


def _places(windows: Windows, count: int, draw: np.random.Generator) -> FloatArray:
    """Return one place in each of F equal parts of [0, 1), per window."""
    shape = (count, windows.n_frames)
    within = draw.random(shape) if windows.is_jittered else np.full(shape, 0.5)
    places: NDArray[np.float64] = (np.arange(windows.n_frames) + within) / windows.n_frames
    return places


def _generator(seed: int, video_id: str) -> np.random.Generator:
    name = hashlib.blake2b(f"{seed}\0{video_id}".encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(name, "little"))
