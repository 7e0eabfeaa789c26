"""Which frames to look at, from their number alone: ends, a rate, or chance."""

import hashlib

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.video.adaptive import uniform_indices
from zs_dagster.video.frames import IntArray


def linspace_indices(n_total: int, n: int) -> IntArray:
    """Return frames at equal distances from the first to the last; the first if only one.

    Raises:
        InputError: If either is below 1.
    """
    _check(n_total, n)
    places = np.linspace(0, n_total - 1, min(n_total, n))
    # Halves are rounded up, as numpy's rounding to even would make distances unequal.
    return np.floor(places + 0.5).astype(np.int64)


def rate_indices(n_total: int, n: int, *, fps: float, rate: float) -> IntArray:
    """Return ``rate`` frames per second of a video of constant ``fps``, at most ``n``.

    Where the rate gives more than ``n``, ``n`` of them are chosen uniformly, so that the end
    of a long video is not cut off. Where it gives fewer, there are fewer.

    Raises:
        InputError: If a number is out of range.
    """
    _check(n_total, n)
    if not (0 < fps < np.inf and 0 < rate < np.inf):
        raise InputError(f"fps and rate must be finite and > 0, got {fps:g} and {rate:g}")
    step = max(fps / rate, 1.0)
    every = np.arange(0, n_total, step).astype(np.int64)
    # A step that is no binary fraction may round up past the end.
    every = every[every < n_total]
    return every if every.size <= n else every[uniform_indices(every.size, n)]


def jitter_indices(n_total: int, n: int, *, seed: int, video_id: str) -> IntArray:
    """Draw one frame in each of ``n`` parts of equal length, whole frames.

    Seed and video decide alone: neither the order of videos nor the number of workers does.

    Raises:
        InputError: If there is no frame or no sample.
    """
    _check(n_total, n)
    count = min(n_total, n)
    edges = np.arange(count + 1) * n_total // count
    return _generator(seed, video_id).integers(edges[:-1], edges[1:])


def _check(n_total: int, n: int) -> None:
    if n_total < 1 or n < 1:
        raise InputError(f"there must be >= 1 frame and >= 1 sample, got {n_total} and {n}")


def _generator(seed: int, video_id: str) -> np.random.Generator:
    text = f"jitter\0{seed}\0{video_id}"
    name = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(name, "little"))
