"""Which stage of a localizer costs how much: mAP that is still possible after each stage.

After a stage only some intervals can still be answered in a video for a class. The most that
any order of answers can reach with them at a temporal IoU t is, per class, the largest number
of ground-truth segments that can be matched one to one to those intervals with tIoU >= t, over
all its segments: ranked perfectly, they have precision 1 up to that recall. mAP at t is the
mean over the classes with ground truth. As each stage leaves a part of what the stage before
it left, the numbers never rise; the last one is the mAP of the answers as they are ranked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.matching import IndexArray, positions
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.segments import FloatArray, LabelledSegments, tiou

RANKING = "ranking"


@dataclass(frozen=True, eq=False)
class Choices:
    """Intervals that can still be answered in one video for one class, seconds.

    Attributes:
        start_s: Shape ``(S,)``.
        end_s: Shape ``(E,)``.
        is_product: Whether every start may go with every later end; else the two have one
            length and row i is an interval.
    """

    start_s: FloatArray
    end_s: FloatArray
    is_product: bool = False


Pair = tuple[str, str]
"""Video and class."""


@dataclass(frozen=True)
class WaterfallStage:
    """What is possible after one stage.

    Attributes:
        name: The stage.
        average_map: Mean of ``map_at``, a fraction.
        map_at: At each threshold of the protocol.
        loss: Average mAP of the stage before less this one; the first starts from 1.
    """

    name: str
    average_map: float
    map_at: tuple[float, ...]
    loss: float


class Oracle:
    """The largest mAP that the intervals left after one stage allow, told pair by pair.

    What is told is counted and not held.

    Args:
        ground_truth: All of it counts, whatever a protocol says about videos without
            predictions: leaving them out would hide what was lost there.
        thresholds: K temporal IoUs.
    """

    def __init__(self, ground_truth: LabelledSegments, thresholds: Sequence[float]) -> None:
        self._segments, self._thresholds = ground_truth.segments, thresholds
        self._rows = rows_of_pairs(ground_truth)
        self._column = {
            name: i for i, name in enumerate(sorted(set(ground_truth.label.tolist())))
        }
        self._total = np.bincount(positions(ground_truth.label, self._column))
        self._matched = np.zeros((len(thresholds), len(self._column)))

    def add(self, pair: Pair, choices: Choices) -> None:
        """Tell, once, what can be answered for a pair; nothing where it is never told."""
        if pair in self._rows:
            truth = self._segments.take(self._rows[pair])
            borders = (truth.start_s, truth.end_s)
            column = self._column[pair[1]]
            self._matched[:, column] += most_matches(choices, borders, self._thresholds)

    def map_at(self) -> FloatArray:
        """Return the mAP at each threshold, shape ``(K,)``."""
        mean: FloatArray = (self._matched / self._total).mean(axis=1)
        return mean


def rows_of_pairs(
    segments: LabelledSegments, among: Collection[Pair] | None = None
) -> dict[Pair, IndexArray]:
    """Return the rows of each video and class, in the order given; only some if said so."""
    rows: dict[Pair, list[int]] = {}
    pairs = zip(segments.video_id.tolist(), segments.label.tolist(), strict=True)
    for row, pair in enumerate(pairs):
        if among is None or pair in among:
            rows.setdefault(pair, []).append(row)
    return {pair: np.array(index, dtype=np.intp) for pair, index in rows.items()}


def waterfall(
    stages: Mapping[str, Oracle],
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    protocol: LocalizationProtocol,
) -> list[WaterfallStage]:
    """Account for the mAP that is lost between ground truth and predictions.

    Args:
        stages: Name of each stage but the last, in order -> what it leaves. What a stage
            leaves must hold what the next one does, and the last of them the predictions.
        ground_truth: As of the stages.
        predictions: The answers as they are; their mAP is the stage ``ranking``.
        protocol: Gives the rules of the last stage; the thresholds are those of the stages.

    Raises:
        InputError: As `evaluate`.
    """
    fair = LocalizationProtocol(
        protocol.name, protocol.thresholds, is_later_first=protocol.is_later_first
    )
    values = {name: oracle.map_at() for name, oracle in stages.items()}
    values[RANKING] = evaluate(ground_truth, predictions, fair).mean_ap
    found: list[WaterfallStage] = []
    before = 1.0
    for name, map_at in values.items():
        average = float(map_at.mean())
        at = tuple(map_at.tolist())
        found.append(WaterfallStage(name, average, at, before - average))
        before = average
    return found


def most_matches(
    choices: Choices, truth: tuple[FloatArray, FloatArray], thresholds: Sequence[float]
) -> list[int]:
    """Return how many of G true segments can be matched one to one, at each threshold."""
    names: dict[tuple[float, float], int] = {}
    edges = [
        _nearest(choices, (start, end), min(thresholds), len(truth[0]), names)
        for start, end in zip(truth[0].tolist(), truth[1].tolist(), strict=True)
    ]
    return [
        _matching([[interval for interval, overlap in of if overlap >= t] for of in edges])
        for t in thresholds
    ]


def _nearest(
    choices: Choices,
    truth: tuple[float, float],
    min_tiou: float,
    n: int,
    names: dict[tuple[float, float], int],
) -> list[tuple[int, float]]:
    """Return the n best intervals for a true segment, numbered by their borders.

    One of n true segments that has n partners always finds a free one, so more are not needed.
    """
    start_s, end_s = _in_reach(choices, truth, min_tiou)
    overlap = tiou(truth[0], truth[1], start_s, end_s)
    near = np.flatnonzero(overlap >= min_tiou)
    # The same interval may be listed twice: it is one.
    borders = np.column_stack([start_s[near], end_s[near]])
    _, first = np.unique(borders, axis=0, return_index=True)
    near = near[first]
    best = near[np.argsort(-overlap[near], kind="stable")][:n]
    return [
        (names.setdefault((float(start_s[i]), float(end_s[i])), len(names)), float(overlap[i]))
        for i in best
    ]


def _in_reach(
    choices: Choices, truth: tuple[float, float], min_tiou: float
) -> tuple[FloatArray, FloatArray]:
    """Return the intervals that can overlap enough; longer ones than length / tIoU cannot."""
    start_s, end_s = choices.start_s, choices.end_s
    if not choices.is_product:
        return start_s, end_s
    reach = (truth[1] - truth[0]) / min_tiou
    starts = start_s[(start_s >= truth[1] - reach) & (start_s <= truth[1])]
    ends = end_s[(end_s <= truth[0] + reach) & (end_s >= truth[0])]
    first, last = (grid.ravel() for grid in np.meshgrid(starts, ends, indexing="ij"))
    is_forward: NDArray[np.bool_] = last > first
    return first[is_forward], last[is_forward]


def _matching(partners: Sequence[Sequence[int]]) -> int:
    """Return the size of a largest one-to-one matching, by augmenting paths (Berge, 1957)."""
    owner: dict[int, int] = {}
    partner: dict[int, int] = {}
    for seeker in range(len(partners)):
        came_from: dict[int, int] = {}
        free = _free_interval(seeker, partners, owner, came_from)
        while free is not None:
            holder = came_from[free]
            given_up = partner.get(holder)
            owner[free], partner[holder] = holder, free
            free = given_up
    return len(owner)


def _free_interval(
    seeker: int,
    partners: Sequence[Sequence[int]],
    owner: Mapping[int, int],
    came_from: dict[int, int],
) -> int | None:
    """Find an interval without owner that the seeker can reach by moving owners on."""
    queue = [seeker]
    for holder in queue:
        for interval in partners[holder]:
            if interval not in came_from:
                came_from[interval] = holder
                if interval not in owner:
                    return interval
                queue.append(owner[interval])
    return None
