"""ZEAL equals a second reading of its description, written here in plain loops.

The reading uses lists and `math` only. Half of the inputs are multiples of 1/8, so that equal
scores, equal overlaps and plateaus abound; such sums are exact in any order, so that both
readings see the same ties.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from zs_dagster.localization.parameters import PRESETS, ZealParameters, with_overrides
from zs_dagster.localization.zeal import localize

Interval = tuple[int, int]


@dataclass
class Reading:
    """One class of one video, by the description."""

    start: list[float]
    end: list[float]
    inside: list[float]
    times: list[float]
    video_end: float
    rules: ZealParameters

    @property
    def is_paper(self) -> bool:
        return self.rules.variant == "zeal-paper"

    def proposals(self) -> dict[Interval, float]:
        if self.is_skipped():
            return {}
        self.start, self.end = self.stretched(self.start), self.stretched(self.end)
        found = []
        for first, last in self.pairs():
            total = 0.0
            for i in range(first, last + 1):
                total += self.inside[i]
            mean = total / (last - first + 1)
            weight = self.rules.confidence_weight
            score = weight * (self.start[first] + self.end[last]) + (1 - weight) * mean
            found.append((first, last, score))
        kept = self.visited_once(found) if self.is_paper else self.chosen_anew(found)
        return self.merged(kept)

    def is_skipped(self) -> bool:
        count = len(self.start)
        if count == 0 or len(set(self.start)) == 1 or len(set(self.end)) == 1:
            return True
        mean = sum(self.start + self.end) / (2 * count)
        return self.is_paper and (count <= 2 or mean < self.rules.min_mean_confidence)

    def stretched(self, column: list[float]) -> list[float]:
        low, high, margin = min(column), max(column), self.rules.normalise_epsilon
        return [(x - low) / (high - low) * (1 - 2 * margin) + margin for x in column]

    def candidates(self, column: list[float]) -> list[int]:
        top = max(1, int(self.rules.top_fraction * len(column)))
        limit = sorted(column, reverse=True)[top - 1]
        able = [i for i in range(len(column)) if column[i] >= limit]
        if self.is_paper:
            able.reverse()  # of equal values, the later one first
        able.sort(key=lambda i: -column[i])
        kept: list[int] = []
        for i in able:
            if all(abs(i - other) >= self.rules.min_gap_samples for other in kept):
                kept.append(i)
        return sorted(kept)

    def pairs(self) -> list[Interval]:
        count = len(self.start)
        if self.is_paper and int(self.rules.top_fraction * count) < 1:
            return [(0, count - 1)]
        starts, ends = self.candidates(self.start), self.candidates(self.end)
        found = []
        for i, first in enumerate(starts):
            for last in ends:
                is_short = last - first <= self.rules.max_length_fraction * count
                if last > first and is_short:
                    found.append((first, last))
                if i + 1 < len(starts) and last > starts[i + 1]:
                    break
        if self.is_paper and not found and starts[0] <= ends[0]:
            found.append((starts[0], ends[0]))
        return found

    def overlap(self, one: Interval, other: Interval, *, plus: int) -> float:
        """IoU in samples (the paper) or in seconds, up to the end of the last span."""
        if self.is_paper:
            a, b, c, d = one[0], one[1] + plus, other[0], other[1] + plus
            return iou(a, b, c, d)
        edges = [*self.times[1:], self.video_end]
        return iou(self.times[one[0]], edges[one[1]], self.times[other[0]], edges[other[1]])

    def visited_once(self, found: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
        later_first = found[::-1]
        queue = [list(row) for row in sorted(later_first, key=lambda row: -row[2])]
        kept = []
        for i, (first, last, score) in enumerate(queue):
            if score < self.rules.min_score:
                continue
            kept.append((int(first), int(last), score))
            for other in queue[i + 1 :]:
                x = self.overlap(
                    (int(first), int(last)), (int(other[0]), int(other[1])), plus=1
                )
                other[2] *= math.exp(-(x**2) / self.rules.soft_nms_sigma)
        return kept

    def chosen_anew(self, found: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
        rest, kept = list(found), []
        while rest:
            best = rest[0]
            for row in rest:
                if row[2] > best[2]:
                    best = row
            if best[2] < self.rules.min_score:
                break
            kept.append(best)
            rest.remove(best)
            decayed = []
            for first, last, score in rest:
                x = self.overlap(best[:2], (first, last), plus=0)
                decay = math.exp(-(x**2) / self.rules.soft_nms_sigma)
                decayed.append((first, last, score * decay))
            rest = decayed
        return kept

    def merged(self, kept: list[tuple[int, int, float]]) -> dict[Interval, float]:
        groups: list[tuple[Interval, list[float]]] = []
        for first, last, score in sorted(kept, key=lambda row: row[0]):
            if groups:
                (a, b), scores = groups[-1]
                if self.overlap((a, b), (first, last), plus=0) > self.rules.merge_tiou:
                    joined = [*scores, score]
                    if self.is_paper:
                        joined = [(scores[0] + score) / 2]
                    groups[-1] = ((min(a, first), max(b, last)), joined)
                    continue
            groups.append(((first, last), [score]))
        return {interval: sum(scores) / len(scores) for interval, scores in groups}


def iou(a: float, b: float, c: float, d: float) -> float:
    inter = max(0, min(b, d) - max(a, c))
    union = (b - a) + (d - c) - inter
    return inter / union if union > 0 else 0.0


def curves(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
    count = int(rng.integers(0, 70))
    if kind == "random":
        return rng.random((count, 2)), rng.uniform(-0.1, 0.4, count)
    if kind == "eighths":
        return rng.integers(0, 9, (count, 2)) / 8, rng.integers(0, 9, count) / 32
    if kind == "plateaus":
        blocks = rng.integers(0, 4, (count // 8 + 1, 2)) / 4
        return np.repeat(blocks, 8, axis=0)[:count], rng.integers(4, 9, count) / 32
    # One late start and a long flat end: same-start proposals that overlap by more than 0.9.
    count += 60
    phase = np.linspace(0, 3, count)[:, None] + rng.uniform(0, 6, 2)
    confidence = np.clip((1 + np.sin(phase)) / 2 + rng.normal(0, 0.01, (count, 2)), 0, 1)
    return confidence, rng.uniform(0.2, 0.4, count)


OVERRIDES = [
    {},
    {"top_fraction": 0.02},
    {"min_gap_samples": 1, "top_fraction": 0.6},
    {"max_length_fraction": 0.2},
    {"min_score": 0.3, "soft_nms_sigma": 0.5, "merge_tiou": 0.5},
    {"min_mean_confidence": 0.0, "confidence_weight": 0.5, "merge_tiou": 0.7},
]


@pytest.mark.parametrize("variant", ["default", "zeal-paper"])
@pytest.mark.parametrize("kind", ["random", "eighths", "plateaus", "long"])
def test_both_readings_find_the_same_segments(kind: str, variant: str) -> None:
    rng = np.random.default_rng(7)
    found = 0
    for round_ in range(150):
        rules = with_overrides(variant, OVERRIDES[round_ % len(OVERRIDES)])
        confidence, inside = curves(rng, kind)
        gaps = rng.integers(1, 4, len(inside)) / 4 if round_ % 2 else np.ones(len(inside))
        times = np.cumsum(gaps) - (gaps[0] if gaps.size else 0)
        end = float(times[-1] + 0.5) if times.size else 0.0
        ours = localize(confidence, inside, times, end, rules)
        columns = (confidence[:, 0].tolist(), confidence[:, 1].tolist(), inside.tolist())
        theirs = Reading(*columns, times.tolist(), end, rules).proposals()
        assert sorted(map(tuple, ours.samples.tolist())) == sorted(theirs)
        expected = [theirs[(a, b)] for a, b in ours.samples.tolist()]
        np.testing.assert_allclose(ours.segments.score, expected, rtol=1e-9)
        found += len(theirs)
    assert found > 300


def test_merging_happens_in_these_inputs() -> None:
    """Without merges, half of the reading above would prove nothing."""
    rng = np.random.default_rng(7)
    never = with_overrides("zeal-paper", {"merge_tiou": 1.0})
    merged = 0
    for _ in range(50):
        confidence, inside = curves(rng, "long")
        times = np.arange(len(inside))
        all_ = len(localize(confidence, inside, times, len(inside), never))
        merged += all_ - len(
            localize(confidence, inside, times, len(inside), PRESETS["zeal-paper"])
        )
    assert merged > 10
