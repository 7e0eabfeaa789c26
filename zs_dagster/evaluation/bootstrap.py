"""How sure a number is: bias-corrected percentile intervals over resampled videos.

What an interval is about is the average mAP that as many other videos of the same kind would
give, the method and the classes being what they are. That is not the number of endlessly many
videos: interpolation lifts average precision on few. See docs/evaluation.md for what was tried.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.evaluation.matching import Matches
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.evaluation.rules import Counted, counted, matches_of, protocol_ap
from zs_dagster.segments import FloatArray, LabelledSegments

VALUES_AT_ONCE = 2**19  # of all arrays that grow with the resamples: 4 MB each
Verdict = Literal["better", "worse", "not shown"]


@dataclass(frozen=True)
class Interval:
    """A number and where it would lie had other videos of the same kind been drawn.

    Attributes:
        value: On the videos as they are.
        low: Lower percentile of the resamples, less their bias.
        high: Upper percentile of the resamples, less their bias.
        level: Fraction of the resamples inside, such as 0.95.
        num_resamples: How many there were.
    """

    value: float
    low: float
    high: float
    level: float
    num_resamples: int


@dataclass(frozen=True)
class Comparison:
    """Average mAP of a second prediction set against a first, on the same resamples.

    Attributes:
        difference: Second minus first.
        ratio: Second over first; infinite where the first is 0, NaN where both are.
    """

    difference: Interval
    ratio: Interval

    @property
    def verdict(self) -> Verdict:
        """Whether the second is better: only an interval without 0 shows a difference."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "not shown"

    def sentence(self, first: str, second: str) -> str:
        """Say in plain words whether the second is better."""
        verdict = {
            "better": f"{second} is better than {first}",
            "worse": f"{second} is worse than {first}",
            "not shown": f"that {second} and {first} differ is not shown",
        }[self.verdict]
        value, low, high = (
            100 * x for x in (self.difference.value, self.difference.low, self.difference.high)
        )
        return (
            f"{verdict}: {value:+.2f} points of average mAP, "
            f"{100 * self.difference.level:g} % interval {low:+.2f} to {high:+.2f}"
        )


@dataclass(frozen=True)
class Resampling:
    """How to draw.

    Attributes:
        num_resamples: R, >= 1.
        level: Fraction of the resamples inside the interval, in (0, 1).
        seed: Of the generator; the same seed draws the same videos.

    Raises:
        InputError: If a value is outside its range.
    """

    num_resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_resamples < 1:
            raise InputError(f"num_resamples must be >= 1, got {self.num_resamples}")
        if not 0 < self.level < 1:
            raise InputError(f"level must lie in (0, 1), got {self.level!r}")


def bootstrap_average_map(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
    classes: Sequence[str] | None = None,
    resampling: Resampling = Resampling(),
) -> Interval:
    """Interval of the average mAP over videos drawn with replacement.

    A video drawn twice brings its ground truth and its predictions twice. Matching never
    crosses videos, so it is done once. A class without ground truth in a resample is left out
    of the mean of that resample.

    Args:
        ground_truth: As for `evaluate`.
        predictions: As for `evaluate`.
        protocol: As for `evaluate`.
        classes: As for `evaluate`.
        resampling: How many times, and the seed. Drawn are the videos that have ground truth
            or predictions.

    Raises:
        InputError: As `evaluate`.
    """
    rows = counted(ground_truth, predictions, protocol, classes)
    matches = matches_of(rows, protocol)
    values = _average_map(resampled_ap(matches, protocol, resampling))
    interval = interval_of(values, resampling)
    return replace(interval, low=max(interval.low, 0.0), high=min(interval.high, 1.0))


def compare_average_map(
    ground_truth: LabelledSegments,
    prediction_sets: tuple[LabelledSegments, LabelledSegments],
    protocol: LocalizationProtocol,
    classes: Sequence[str] | None = None,
    resampling: Resampling = Resampling(),
    *,
    listed: tuple[Collection[str], Collection[str]] = ((), ()),
) -> Comparison:
    """Paired intervals of difference and ratio of two prediction sets.

    Both are evaluated on the same draws, so what is common to both cancels out. An interval
    of the difference without 0 means that one is better on such videos.

    Args:
        ground_truth: As for `evaluate`.
        prediction_sets: The first and the second.
        protocol: As for `evaluate`.
        classes: As for `evaluate`; those of the ground truth if None.
        resampling: How many times, and the seed.
        listed: As for `evaluate`, of either set.

    Raises:
        InputError: As `evaluate`.
    """
    first, second = _paired_average_maps(
        ground_truth,
        [
            counted(ground_truth, one, protocol, classes, listed=videos)
            for one, videos in zip(prediction_sets, listed, strict=True)
        ],
        protocol,
        resampling,
    )
    return _comparison(first, second, resampling)


def compare_with_others(
    ground_truth: LabelledSegments,
    first: LabelledSegments,
    others: Mapping[str, LabelledSegments],
    protocol: LocalizationProtocol,
    resampling: Resampling = Resampling(),
) -> dict[str, Comparison]:
    """`compare_average_map` of one prediction set against each of several, drawn once.

    Returns:
        Name -> the first set (as "second") against that one.
    """
    rows = [counted(ground_truth, one, protocol) for one in (first, *others.values())]
    values = _paired_average_maps(ground_truth, rows, protocol, resampling)
    return {
        name: _comparison(other, values[0], resampling)
        for name, other in zip(others, values[1:], strict=True)
    }


def _paired_average_maps(
    ground_truth: LabelledSegments,
    rows: Sequence[Counted],
    protocol: LocalizationProtocol,
    resampling: Resampling,
) -> list[FloatArray]:
    """Average mAP of several sets on the same draws of all videos that any of them has."""
    matches = [matches_of(one, protocol) for one in rows]
    videos = {*ground_truth.video_id.tolist(), *(v for one in matches for v in one.videos)}
    among = sorted(videos - set(protocol.blocked))
    return [_average_map(resampled_ap(one, protocol, resampling, among)) for one in matches]


def _comparison(first: FloatArray, second: FloatArray, resampling: Resampling) -> Comparison:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = second / first
    return Comparison(interval_of(second - first, resampling), interval_of(ratio, resampling))


def resampled_ap(
    matches: Matches,
    protocol: LocalizationProtocol,
    resampling: Resampling,
    among: Sequence[str] | None = None,
) -> FloatArray:
    """Average precision on the videos as they are, then on each resample of them.

    So few resamples are drawn at a time that memory does not grow with their number times the
    videos or predictions.

    Args:
        matches: The matching, done once.
        protocol: Its rules.
        resampling: The same draws for the same seed and the same number of videos.
        among: Videos to draw from, where they are more than those of the matching.

    Returns:
        Shape ``(1 + R, K, C)``, as of `protocol_ap`.
    """
    position = {video: i for i, video in enumerate(among or matches.videos)}
    columns = [position[video] for video in matches.videos]
    longest = max(len(position), int(np.bincount(matches.label).max(initial=0)))
    draws = _draws(len(position), resampling, max(1, VALUES_AT_ONCE // longest))
    parts = [protocol_ap(matches, weight[:, columns], protocol) for weight in draws]
    return np.concatenate(parts)


def _draws(num_videos: int, resampling: Resampling, at_once: int) -> Iterator[FloatArray]:
    """Yield how often each video is drawn, shape ``(r, V)``; at first all of them once."""
    yield np.ones((1, num_videos))
    generator = np.random.default_rng(resampling.seed)
    share = np.full(num_videos, 1 / num_videos)
    for first in range(0, resampling.num_resamples, at_once):
        size = min(at_once, resampling.num_resamples - first)
        yield generator.multinomial(num_videos, share, size=size).astype(np.float64)


def _average_map(ap: FloatArray) -> FloatArray:
    """Average mAP of each resample; NaN where no class has ground truth."""
    by_class = ap.mean(axis=1)
    count = (~np.isnan(by_class)).sum(axis=1)
    total = np.nansum(by_class, axis=1)
    mean: FloatArray = np.divide(total, count, out=np.full(len(ap), np.nan), where=count > 0)
    return mean


def interval_of(values: FloatArray, resampling: Resampling) -> Interval:
    """Return the first value, and percentiles of the others, moved by the bootstrap's own bias.

    A video drawn twice confirms itself: its copies rank side by side, so average precision on
    resamples is too high by about the mean of the resamples minus the value (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, section 10.2). Undefined resamples are
    left out; where one is infinite there is no mean to move by.
    """
    value, drawn = float(values[0]), values[1:][~np.isnan(values[1:])]
    low, high = np.nan, np.nan
    if drawn.size:
        tail = (1 - resampling.level) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
        if np.isfinite([value, *drawn]).all():
            bias = drawn.mean() - value
            low, high = low - bias, high - bias
    return Interval(
        value=value,
        low=float(low),
        high=float(high),
        level=resampling.level,
        num_resamples=resampling.num_resamples,
    )
