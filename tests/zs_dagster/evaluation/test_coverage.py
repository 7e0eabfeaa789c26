"""Whether intervals cover the truth: a world of many videos, and samples of it.

Videos differ in how well they are predicted, which is what makes numbers of few uncertain.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from zs_dagster.evaluation.bootstrap import (
    Resampling,
    bootstrap_average_map,
    compare_average_map,
)
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.segments import LabelledSegments, Segments

RULES = LocalizationProtocol("few thresholds", (0.3, 0.5, 0.7))
NUM_VIDEOS, NUM_SAMPLED, NUM_SAMPLES = 2000, 80, 120
RESAMPLING = Resampling(200)
LABELS = np.array(["w", "x", "y", "z"])


@dataclass(frozen=True)
class World:
    """Ground truth, a method, another equally good one and a better one."""

    truth: LabelledSegments
    method: LabelledSegments
    equal: LabelledSegments
    better: LabelledSegments

    def sample(self, side: LabelledSegments, videos: NDArray[np.intp]) -> LabelledSegments:
        chosen = np.zeros(NUM_VIDEOS, dtype=np.bool_)
        chosen[videos] = True
        return side.take(chosen[side.video_id.astype(int)])


@pytest.fixture(scope="module")
def world() -> World:
    rng = np.random.default_rng(0)
    video = np.repeat(np.arange(NUM_VIDEOS), rng.integers(1, 6, NUM_VIDEOS))
    label = rng.integers(0, LABELS.size, NUM_VIDEOS)
    start = (12 * (np.arange(video.size) - np.searchsorted(video, video))).astype(np.float64)
    end = start + rng.uniform(3, 8, video.size)
    skill = rng.beta(2, 2, NUM_VIDEOS)

    def predictions(noise_s: float, difficulty: float = 1.0) -> LabelledSegments:
        hit = np.flatnonzero(rng.random(video.size) < skill[video] ** difficulty)
        off = rng.normal(0, noise_s, (2, hit.size))
        begin = np.maximum(start[hit] + off[0], 0)
        false = np.repeat(np.arange(NUM_VIDEOS), 2)
        at = rng.uniform(0, 50, false.size)
        return LabelledSegments(
            np.concatenate([video[hit], false]).astype(np.str_),
            LABELS[label[np.concatenate([video[hit], false])]],
            Segments(
                np.concatenate([begin, at]),
                np.concatenate([np.maximum(end[hit] + off[1], begin + 0.3), at + 4]),
                np.concatenate([rng.normal(1, 1, hit.size), rng.normal(0, 1, false.size)]),
            ),
        )

    truth = LabelledSegments(
        video.astype(np.str_), LABELS[label[video]], Segments(start, end, np.ones(video.size))
    )
    return World(truth, predictions(1.0), predictions(1.0), predictions(0.4, difficulty=0.3))


def samples() -> list[NDArray[np.intp]]:
    rng = np.random.default_rng(1)
    return [rng.choice(NUM_VIDEOS, NUM_SAMPLED, replace=False) for _ in range(NUM_SAMPLES)]


def test_nine_in_ten_intervals_or_more_hold_the_expected_number(world: World) -> None:
    intervals = [
        bootstrap_average_map(
            world.sample(world.truth, videos),
            world.sample(world.method, videos),
            RULES,
            resampling=RESAMPLING,
        )
        for videos in samples()
    ]
    # What an interval is about: the mean over test sets of this size.
    expected = float(np.mean([interval.value for interval in intervals]))
    held = np.mean([one.low <= expected <= one.high for one in intervals])
    assert held >= 0.9
    # And not because they are wide: their width is that of the spread of the numbers.
    spread = 2 * 1.96 * np.std([one.value for one in intervals])
    assert np.mean([one.high - one.low for one in intervals]) == pytest.approx(spread, rel=0.25)


def test_who_is_better_is_seen_and_who_is_not_is_not(world: World) -> None:
    verdicts: dict[str, list[str]] = {"equal": [], "better": []}
    differences = []
    for videos in samples():
        truth = world.sample(world.truth, videos)
        first = world.sample(world.method, videos)
        for name in verdicts:
            second = world.sample(getattr(world, name), videos)
            compared = compare_average_map(truth, (first, second), RULES, resampling=RESAMPLING)
            verdicts[name].append(compared.verdict)
            if name == "better":
                differences.append(compared.difference)
    expected = float(np.mean([one.value for one in differences]))
    held = [one.low <= expected <= one.high for one in differences]
    assert np.mean(held) >= 0.9
    assert verdicts["better"].count("better") >= 0.9 * NUM_SAMPLES
    assert verdicts["equal"].count("not shown") >= 0.9 * NUM_SAMPLES
