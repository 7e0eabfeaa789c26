"""Evaluator: 50,000 proposals, 20 classes, 5 thresholds, over a plain loop of the toolkit's.

Usage: python benchmarks/speed/evaluate.py [--quick] [--json FILE]. CPU time of one thread,
ratios in one run. The reference is what people run: the ActivityNet toolkit's loop over data
frames, with `iterrows` and `groupby(...).get_group`. Growth is measured at 1, 4 and 16 times
the videos.
"""

from functools import partial

import numpy as np
import pandas as pd
from measured import Measured, cpu_s, exponent, main

from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import bootstrap_average_map
from zs_dagster.evaluation.matching import IndexArray
from zs_dagster.evaluation.protocols import PROTOCOLS
from zs_dagster.segments import FloatArray, LabelledSegments, Segments

PROTOCOL = PROTOCOLS["thumos14"]
VIDEOS, CLASSES, PER_VIDEO, TRUTH_PER_VIDEO = 212, 20, 236, 16


def world(times: int = 1) -> tuple[LabelledSegments, LabelledSegments]:
    """Ground truth and proposals of ``times`` as many videos, two classes in each."""
    rng = np.random.default_rng(0)
    num = VIDEOS * times
    names = np.array([f"video_test_{i:07d}" for i in range(num)])
    labels = np.array([f"class {c}" for c in range(CLASSES)])
    shown = rng.integers(0, CLASSES, (num, 2))
    video = np.repeat(np.arange(num), TRUTH_PER_VIDEO)
    label = shown[video, rng.integers(0, 2, video.size)]
    start = rng.uniform(0, 200, video.size)
    end = start + rng.uniform(1, 9, video.size)
    asked = np.repeat(np.arange(num), PER_VIDEO)
    near = asked * TRUTH_PER_VIDEO + rng.integers(0, TRUTH_PER_VIDEO, asked.size)
    guess = np.where(
        rng.random(asked.size) < 0.6, label[near], rng.integers(0, CLASSES, asked.size)
    )
    begin = np.maximum(start[near] + rng.normal(0, 1, asked.size), 0)
    stop = np.maximum(end[near] + rng.normal(0, 1, asked.size), begin + 0.2)
    truth = Segments(start, end, np.ones(video.size))
    found = Segments(begin, stop, rng.random(asked.size))
    return (
        LabelledSegments(names[video], labels[label], truth),
        LabelledSegments(names[asked], labels[guess], found),
    )


def interpolated(matches: list[bool], num_truth: int) -> float:
    """Area under the interpolated precision-recall curve."""
    hit = np.array(matches, dtype=bool)
    precision = np.cumsum(hit) / np.arange(1, hit.size + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[hit].sum() / num_truth)


def assign(overlap: FloatArray, taken: list[set[int]], rows: IndexArray) -> list[bool]:
    """Let one prediction take its best free segment at each threshold."""
    order = overlap.argsort()[::-1]
    flags = []
    for k, threshold in enumerate(PROTOCOL.thresholds):
        free = (
            int(rows[j])
            for j in order
            if overlap[j] >= threshold and int(rows[j]) not in taken[k]
        )
        best = next(free, None)
        flags.append(best is not None)
        if best is not None:
            taken[k].add(best)
    return flags


def overlap_of(start: float, end: float, starts: FloatArray, ends: FloatArray) -> FloatArray:
    """Temporal overlap of one segment with several."""
    inter = np.maximum(np.minimum(end, ends) - np.maximum(start, starts), 0)
    overlap: FloatArray = inter / ((end - start) + (ends - starts) - inter)
    return overlap


def pandas_loop(truth: LabelledSegments, found: LabelledSegments) -> float:
    """Average mAP by the toolkit's loop on data frames."""

    def frame(rows: LabelledSegments) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "video": rows.video_id,
                "label": rows.label,
                "start": rows.segments.start_s,
                "end": rows.segments.end_s,
                "score": rows.segments.score,
            }
        )

    by_label, scores = frame(found).groupby("label"), []
    for label, ours in frame(truth).groupby("label"):
        groups = ours.reset_index(drop=True).groupby("video")
        if label not in by_label.groups:
            scores.append([0.0] * len(PROTOCOL.thresholds))
            continue
        asked = by_label.get_group(label).sort_values("score", ascending=False, kind="stable")
        taken: list[set[int]] = [set() for _ in PROTOCOL.thresholds]
        flags = []
        for _, row in asked.iterrows():
            try:
                group = groups.get_group(row["video"])
            except KeyError:
                flags.append([False] * len(PROTOCOL.thresholds))
                continue
            starts, ends = group["start"].to_numpy(), group["end"].to_numpy()
            values = overlap_of(row["start"], row["end"], starts, ends)
            flags.append(assign(values, taken, group.index.to_numpy()))
        scores.append(
            [interpolated(list(column), len(ours)) for column in zip(*flags, strict=True)]
        )
    return float(np.mean(scores))


def measure(quick: bool) -> list[Measured]:
    """Time the evaluator, the loop on the same proposals, and the growth with the videos."""
    truth, found = world()
    ours = cpu_s(lambda: evaluate(truth, found, PROTOCOL), 5)
    theirs = []
    reference = cpu_s(lambda: theirs.append(pandas_loop(truth, found)), 1)
    difference = abs(evaluate(truth, found, PROTOCOL).average_map - theirs[0])
    if difference > 1e-9:
        raise SystemExit(f"the loop gives another number: {difference}")
    grown = {1: ours}
    for times in (4, 16):
        larger = world(times)
        grown[times] = cpu_s(partial(evaluate, *larger, PROTOCOL), 2)
    rounds = 1 if quick else 3
    bootstrap = cpu_s(lambda: bootstrap_average_map(truth, found, PROTOCOL), rounds)
    return [
        Measured(
            what=f"evaluation of {len(found)} proposals, 5 thresholds",
            unit="CPU s",
            ours=ours,
            reference=reference,
            reference_is="the toolkit's loop on data frames, pandas",
            limit=cpu_s(lambda: sort_once(found)),
            limit_is="sorting names, classes and scores once",
            goal="40 times the loop on data frames, at most 1 s, exponent at most 1.15",
            reached=ours <= min(reference / 40, 1) and exponent(grown) <= 1.15,
            growth=grown,
            details={
                "difference_of_average_mAP": difference,
                "bootstrap_1000_cpu_s": bootstrap,
            },
        )
    ]


def sort_once(found: LabelledSegments) -> None:
    """Bring the proposals of a class and a video together, by score: no evaluator does less."""
    np.lexsort((-found.segments.score, found.video_id, found.label))


if __name__ == "__main__":
    main("evaluate", __doc__ or "", measure)
