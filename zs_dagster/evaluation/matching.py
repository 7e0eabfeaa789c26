"""Which predictions are true positives: one-to-one matching within each video and class."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray, LabelledSegments, tiou

BoolArray = NDArray[np.bool_]
IndexArray = NDArray[np.intp]

MAX_PAIRS = 200_000  # overlaps computed at a time: they stay in the cache


@dataclass(frozen=True, eq=False)
class Matches:
    """N ranked predictions of C classes in V videos and whether each is correct.

    Attributes:
        classes: C class labels.
        videos: V video ids.
        label: Shape ``(N,)``, class index of each prediction, increasing; within a class the
            predictions are ranked, best first.
        video: Shape ``(N,)``, video index of each prediction.
        is_match: Shape ``(K, N)``, at each of K thresholds.
        n_truth: Shape ``(V, C)``, ground-truth segments.
    """

    classes: tuple[str, ...]
    videos: tuple[str, ...]
    label: IndexArray
    video: IndexArray
    is_match: BoolArray
    n_truth: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "Matches":
        """The same matching with some of the predictions; leave out none that is a match."""
        return replace(
            self,
            label=self.label[rows],
            video=self.video[rows],
            is_match=self.is_match[:, rows],
        )

    def of_classes(self, classes: Sequence[int]) -> "Matches":
        """The same matching with some of the classes, by increasing index."""
        position = np.full(len(self.classes), -1, dtype=np.intp)
        position[list(classes)] = np.arange(len(classes))
        some = self.take(position[self.label] >= 0)
        names = tuple(self.classes[c] for c in classes)
        n_truth = self.n_truth[:, list(classes)]
        return replace(some, classes=names, label=position[some.label], n_truth=n_truth)

    def rows_of(self, label: int) -> slice:
        """Rows of one class."""
        first, last = np.searchsorted(self.label, [label, label + 1])
        return slice(int(first), int(last))


def match(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    classes: Sequence[str],
    thresholds: Sequence[float],
    *,
    is_later_first: bool = False,
) -> Matches:
    """Rank predictions within their class and match them to ground truth.

    In order of rank, each prediction takes the ground-truth segment of its video and class
    that it overlaps most, of those not taken yet, if the overlap reaches the threshold; of
    equally good ones the one that starts (then ends) first. No match crosses videos.

    Args:
        ground_truth: Rows of other classes are ignored, here and in the predictions.
        predictions: Scored segments.
        classes: C different labels.
        thresholds: K temporal IoUs in (0, 1].
        is_later_first: Order of equal scores and equal overlaps: the later row first, as in
            ``argsort()[::-1]``; else by video, start and end.

    Reference:
        ActivityNet toolkit, `eval_detection.py`.
    """
    names = sorted({*ground_truth.video_id.tolist(), *predictions.video_id.tolist()})
    videos = {name: i for i, name in enumerate(names)}
    truth = _ranked(ground_truth, classes, videos, is_truth=True, is_later_first=is_later_first)
    found = _ranked(predictions, classes, videos, is_truth=False, is_later_first=is_later_first)
    edges = _overlaps(found, truth, min(thresholds))
    is_match = np.zeros((len(thresholds), found.label.size), dtype=np.bool_)
    for k, threshold in enumerate(thresholds):
        is_near = edges.overlap >= threshold
        is_match[k] = assign(
            edges.prediction[is_near], edges.truth[is_near], found.label.size, truth.label.size
        )
    n_truth = np.zeros((len(videos), len(classes)), dtype=np.int64)
    np.add.at(n_truth, (truth.video, truth.label), 1)
    return Matches(tuple(classes), tuple(names), found.label, found.video, is_match, n_truth)


def served(predictions: LabelledSegments, classes: Sequence[str]) -> IndexArray:
    """Return the rows of the classes in the order in which `match` ranks them."""
    names = sorted(set(predictions.video_id.tolist()))
    videos = {name: i for i, name in enumerate(names)}
    return _order(predictions, classes, videos, is_truth=False, is_later_first=False)[0]


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Segments with numbered videos and classes, in the order in which they are served."""

    label: IndexArray
    video: IndexArray
    start_s: FloatArray
    end_s: FloatArray


def _ranked(
    rows: LabelledSegments,
    classes: Sequence[str],
    videos: Mapping[str, int],
    *,
    is_truth: bool,
    is_later_first: bool,
) -> _Ranked:
    """Keep the rows of the classes; order predictions by class and rank, truth by group."""
    order, label, video = _order(
        rows, classes, videos, is_truth=is_truth, is_later_first=is_later_first
    )
    return _Ranked(label, video, rows.segments.start_s[order], rows.segments.end_s[order])


def _order(
    rows: LabelledSegments,
    classes: Sequence[str],
    videos: Mapping[str, int],
    *,
    is_truth: bool,
    is_later_first: bool,
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Return the rows of the classes in order, with their classes and videos."""
    label = class_index(rows.label, classes)
    is_ours = label >= 0
    index = np.flatnonzero(is_ours)
    label, segments = label[index], rows.segments.take(is_ours)
    video = positions(rows.video_id, videos)[index]
    ties: tuple[NDArray[np.generic], ...] = (segments.end_s, segments.start_s, video)
    if is_later_first:
        ties = (-index, video) if is_truth else (-index,)
    keys = (*ties, label) if is_truth else (*ties, -segments.score, label)
    order = np.lexsort(keys) if is_truth else _lexsort_of_few_ties(keys)
    return index[order], label[order], video[order]


def _lexsort_of_few_ties(keys: tuple[NDArray[np.generic], ...]) -> IndexArray:
    """Return ``np.lexsort(keys)``; only rows that the last two leave equal see the others."""
    order = np.lexsort(keys[-2:])
    last, next_to_last = keys[-1][order], keys[-2][order]
    equal = (last[1:] == last[:-1]) & (next_to_last[1:] == next_to_last[:-1])
    tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    some = order[tied]
    order[tied] = some[np.lexsort(tuple(key[some] for key in keys))]
    return order


def class_index(labels: NDArray[np.str_], classes: Sequence[str]) -> IndexArray:
    """Position of each label in ``classes``, -1 for labels that are not there.

    Raises:
        InputError: If a class is listed twice.
    """
    position = {str(label): i for i, label in enumerate(classes)}
    if len(position) != len(classes):
        raise InputError(
            f"classes must differ, got {len(classes)} of which {len(position)} differ"
        )
    return positions(labels, position)


def positions(names: NDArray[np.str_], position: Mapping[str, int]) -> IndexArray:
    """Look up names, -1 where there is none: a hash each, where numpy sorts the strings."""
    found = (position.get(name, -1) for name in names.tolist())
    return np.fromiter(found, np.intp, len(names))


@dataclass(frozen=True, eq=False)
class _Edges:
    """Pairs that overlap, by prediction, each prediction's best first."""

    prediction: IndexArray
    truth: IndexArray
    overlap: FloatArray


def _overlaps(found: _Ranked, truth: _Ranked, min_overlap: float) -> _Edges:
    """Pairs of one video and class that overlap by at least ``min_overlap``."""
    n_videos = 1 + max(found.video.max(initial=0), truth.video.max(initial=0))
    group = truth.label * n_videos + truth.video
    wanted = found.label * n_videos + found.video
    parts = [_near(*pairs, (found, truth), min_overlap) for pairs in pairs_of(group, wanted)]
    return _Edges(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def pairs_of(
    group: IndexArray, wanted: IndexArray, at_once: int = MAX_PAIRS
) -> Iterator[tuple[IndexArray, IndexArray]]:
    """Pair each of N rows with every row of its group on the other side.

    Args:
        group: Shape ``(G,)``, groups of the other side, increasing.
        wanted: Shape ``(N,)``, groups of this one.
        at_once: About so many pairs at a time; the pairs of a row stay together.

    Yields:
        Rows of this side, increasing, and rows of the other one, of P pairs each time.
    """
    first = np.searchsorted(group, wanted, side="left")
    count = np.searchsorted(group, wanted, side="right") - first
    total = np.cumsum(count)
    cuts = np.arange(at_once, total[-1] if total.size else 0, at_once)
    for rows in np.split(np.arange(count.size), np.searchsorted(total, cuts)):
        repeats = count[rows]
        one = np.repeat(rows, repeats)
        step = np.arange(one.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        yield one, first[one] + step


def _near(
    prediction: IndexArray,
    position: IndexArray,
    sides: tuple[_Ranked, _Ranked],
    min_overlap: float,
) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Those of some pairs that overlap enough, each prediction's best first."""
    found, truth = sides
    overlap = tiou(
        found.start_s[prediction],
        found.end_s[prediction],
        truth.start_s[position],
        truth.end_s[position],
    )
    near = np.flatnonzero(overlap >= min_overlap)
    near = near[np.lexsort((position[near], -overlap[near], prediction[near]))]
    return prediction[near], position[near], overlap[near]


def assign(
    prediction: IndexArray, truth: IndexArray, n_predictions: int, n_truth: int
) -> BoolArray:
    """Let predictions choose in order of rank; return which of them get something.

    "In order of rank, each takes its favourite of what is left" has one outcome, and deferred
    acceptance finds it for all videos at once: everybody without a partner asks their next
    favourite, and who is asked keeps the asker of best rank so far.

    Args:
        prediction: Shape ``(E,)``, increasing; the rank of one side of each acceptable pair.
        truth: Shape ``(E,)``, the other side; each prediction's favourites come first.
        n_predictions: Number of predictions, N.
        n_truth: Number of ground-truth segments.

    Returns:
        Shape ``(N,)``, whether a prediction has a partner. O(E) steps in all.

    Reference:
        Gale and Shapley, "College admissions and the stability of marriage", 1962; the order
        of rank is every college's preference, which makes the stable matching unique.
    """
    everybody = np.arange(n_predictions)
    choice = np.searchsorted(prediction, everybody, side="left")
    last = np.searchsorted(prediction, everybody, side="right")
    partner = np.full(n_truth, n_predictions)
    asking = np.flatnonzero(choice < last)
    while asking.size:
        asked = truth[choice[asking]]
        former = partner[asked]
        np.minimum.at(partner, asked, asking)
        chosen = partner[asked]
        is_left = (former != chosen) & (former < n_predictions)
        without = np.concatenate([asking[chosen != asking], np.unique(former[is_left])])
        choice[without] += 1
        asking = without[choice[without] < last[without]]
    is_match = np.zeros(n_predictions, dtype=np.bool_)
    is_match[partner[partner < n_predictions]] = True
    return is_match
