"""Frame clocks of the rates that people film with, and a review made of them."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from zs_dagster.exchange.frames import FrameClock
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Review, Segment, Video

RATES = ("24000/1001", "25", "30000/1001", "30", "60000/1001")
LENGTH_S = 20.0


def steady(rate: str) -> FrameClock:
    exact = Fraction(rate)
    count = int(LENGTH_S * exact)
    return FrameClock(exact, np.arange(count) / float(exact), float(count / exact))


def uneven() -> FrameClock:
    """Frames of 1/60 s and of 1/10 s in turns of half a second."""
    steps = np.tile(np.r_[np.full(30, 1 / 60), np.full(5, 1 / 10)], 20)
    edges = np.r_[0.0, np.cumsum(steps)]
    count, end_s = steps.size, float(edges[-1])
    return FrameClock(Fraction(round(count * 1000), round(end_s * 1000)), edges[:-1], end_s)


CLOCKS = {rate: steady(rate) for rate in RATES} | {"variable": uneven()}


def make(
    clock: FrameClock, segments: Sequence[Segment], classes: Sequence[str] = ("jump",)
) -> Review:
    names = dict.fromkeys(s.video_id for s in segments)
    videos = tuple(
        Video(name, Path("/videos") / f"{name}.mp4", clock.end_s, lambda: clock)
        for name in [*names, "silent"]
    )
    return Review("kitchen", "zeal", tuple(classes), videos, tuple(segments))


def known_of(review: Review) -> Known:
    clocks = {video.video_id: video.clock for video in review.videos}
    return Known(
        review.dataset, frozenset(clocks), frozenset(review.classes), clocks.__getitem__
    )


@pytest.fixture(scope="session")
def review() -> Callable[..., Review]:
    return make


@pytest.fixture(scope="session")
def known() -> Callable[[Review], Known]:
    return known_of


@pytest.fixture(scope="session")
def clocks() -> dict[str, FrameClock]:
    return CLOCKS
