"""One set of predictions under every protocol: the matrix of what its number would be."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.evaluation.bootstrap import Interval, Resampling, interval_of, resampled_ap
from zs_dagster.evaluation.matching import Matches
from zs_dagster.evaluation.matrix_design import MatrixDesign, VideoSet, members
from zs_dagster.evaluation.protocols import LocalizationProtocol, get_protocol
from zs_dagster.evaluation.published import Cell, Comparable, comparable
from zs_dagster.evaluation.rules import counted, matches_of
from zs_dagster.evaluation.splits import over_splits
from zs_dagster.segments import FloatArray, LabelledSegments

MATRIX_RESAMPLING = Resampling(num_resamples=300)


@dataclass(frozen=True)
class CellScore:
    """What a set of predictions scores in one cell; fractions.

    Attributes:
        cell: Protocol, videos, classes and candidates.
        average: Average mAP with its interval over videos, the divisions being fixed.
        sd: Of average mAP over the divisions (ddof 1); None for one division.
        mean_ap: mAP at each threshold of the protocol, mean over the divisions.
        n_splits: Divisions or subsets over which the mean is taken.
        n_classes: Classes with ground truth in one of them.
        n_videos: Videos with ground truth of them.
        n_ground_truth: Their segments.
        published: Rows this may be compared with; none: nobody published this cell.
    """

    cell: Cell
    average: Interval
    sd: float | None
    mean_ap: dict[float, float]
    n_splits: int
    n_classes: int
    n_videos: int
    n_ground_truth: int
    published: tuple[Comparable, ...]


@dataclass(frozen=True)
class Matrix:
    """All cells that there is ground truth for, and why the others are left out."""

    cells: tuple[CellScore, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Matched:
    """The matching of one protocol and video set, which all its cells share."""

    protocol: LocalizationProtocol
    videos: VideoSet
    matches: Matches
    resampling: Resampling


def protocol_matrix(
    ground_truth: LabelledSegments,
    predictions: LabelledSegments,
    design: MatrixDesign,
    splits: Mapping[str, Sequence[str]],
    *,
    listed: Collection[str] = (),
    resampling: Resampling = MATRIX_RESAMPLING,
) -> Matrix:
    """Score one set of predictions in every cell of a design.

    Matching is done once per protocol and video set. Divisions are selections of its classes
    and videos, and known classes are its predictions of classes that the video has.

    Args:
        ground_truth: Of all videos that any video set has.
        predictions: Of one method, chosen among all classes.
        design: The cells.
        splits: Division -> tested classes.
        listed: As for `evaluate`.
        resampling: Of the intervals.

    Raises:
        InputError: If there is no ground truth in any cell.
    """
    scores: list[CellScore] = []
    left_out: list[str] = []
    for (name, videos), cells in groupby(design.cells(), lambda c: (c.protocol, c.videos)):
        chosen = design.video_sets[videos]
        sides = _of_set(chosen, ground_truth, predictions)
        missing_ids = _missing(chosen, sides[0])
        if missing_ids:
            left_out.append(f"{name}, {videos}: no ground truth of videos {missing_ids}")
            continue
        here = [video for video in listed if _is_member(chosen, video)]
        protocol = get_protocol(name)
        matches = matches_of(counted(*sides, protocol, listed=here), protocol)
        shared = _Matched(protocol, chosen, matches, resampling)
        found, missing = _scores(shared, cells, design, splits)
        scores += found
        left_out += missing
    if not scores:
        raise InputError(f"no cell of the matrix has ground truth: {'; '.join(left_out)}")
    return Matrix(tuple(scores), tuple(dict.fromkeys(left_out)))


def _scores(
    shared: _Matched,
    cells: Iterable[Cell],
    design: MatrixDesign,
    splits: Mapping[str, Sequence[str]],
) -> tuple[list[CellScore], list[str]]:
    """The cells of one protocol and video set, and those without any class."""
    scores: list[CellScore] = []
    left_out: list[str] = []
    by_class: dict[str, FloatArray] = {}
    for cell in cells:
        matches = _candidates(shared.matches, cell)
        lists = members(design.class_sets[cell.classes], matches.classes, splits)
        chosen = [_positions(matches, names) for names in lists]
        chosen = [classes for classes in chosen if classes]
        if not chosen:
            left_out.append(f"{cell.protocol}, {cell.videos}, {cell.classes}: no such classes")
            continue
        if cell.candidates not in by_class and not shared.videos.is_of_split_classes:
            by_class[cell.candidates] = _resampled(matches, shared)
        means = [
            _mean_ap(shared, matches, classes, by_class.get(cell.candidates))
            for classes in chosen
        ]
        published = tuple(comparable(design.dataset, cell))
        scores.append(_summary(cell, shared, chosen, np.array(means), published))
    return scores, left_out


def _mean_ap(
    shared: _Matched, matches: Matches, classes: list[int], by_class: FloatArray | None
) -> FloatArray:
    """Mean over some classes, shape ``(R, K)``; NaN where none has ground truth."""
    if by_class is None:
        some = matches.of_classes(classes)
        # Of the other videos no prediction counts, a match or not, and truth they have none.
        is_of_these = some.n_truth.sum(axis=1) > 0
        by_class = _resampled(some.take(is_of_these[some.video]), shared)
    else:
        by_class = by_class[:, :, classes]
    count = (~np.isnan(by_class)).sum(axis=2)
    total = np.nansum(by_class, axis=2)
    mean: FloatArray = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return mean


def _resampled(matches: Matches, shared: _Matched) -> FloatArray:
    return resampled_ap(matches, shared.protocol, shared.resampling)


def _summary(
    cell: Cell,
    shared: _Matched,
    chosen: list[list[int]],
    means: FloatArray,
    published: tuple[Comparable, ...],
) -> CellScore:
    """Sum up ``means``, shape ``(S, R, K)`` over S divisions; the first of R is the value."""
    union = sorted({c for classes in chosen for c in classes})
    n_truth = shared.matches.n_truth[:, union]
    per_split = means[:, 0].mean(axis=1)
    thresholds = shared.protocol.thresholds
    summary = over_splits(per_split.tolist())
    return CellScore(
        cell=cell,
        average=_fraction(interval_of(means.mean(axis=(0, 2)), shared.resampling)),
        sd=None if math.isnan(summary.sd) else summary.sd,
        mean_ap=dict(zip(thresholds, means[:, 0].mean(axis=0).tolist(), strict=True)),
        n_splits=len(chosen),
        n_classes=len(union),
        n_videos=int(n_truth.any(axis=1).sum()),
        n_ground_truth=int(n_truth.sum()),
        published=published,
    )


def _fraction(interval: Interval) -> Interval:
    return replace(interval, low=max(interval.low, 0.0), high=min(interval.high, 1.0))


def _candidates(matches: Matches, cell: Cell) -> Matches:
    """The predictions of a cell: with known classes, those of classes the video has."""
    if cell.candidates == "filtered":
        return matches
    return matches.take(matches.n_truth[matches.video, matches.label] > 0)


def _positions(matches: Matches, names: Sequence[str]) -> list[int]:
    """Where the classes with ground truth are; absent ones too if they are in the matching."""
    return [matches.classes.index(name) for name in sorted(names) if name in matches.classes]


def _is_member(chosen: VideoSet, video: str) -> bool:
    return video.startswith(chosen.prefixes) and video not in chosen.dropped


def _missing(chosen: VideoSet, truth: LabelledSegments) -> str:
    """Which kinds of videos of a set have no ground truth at all, for a message."""
    videos = set(truth.video_id.tolist())
    absent = [p for p in chosen.prefixes if not any(v.startswith(p) for v in videos)]
    return ", ".join(f"{prefix}*" for prefix in absent)


def _of_set(
    chosen: VideoSet, truth: LabelledSegments, predictions: LabelledSegments
) -> tuple[LabelledSegments, LabelledSegments]:
    """Both sides without the videos, and the ground truth, that a set does not count."""
    sides = []
    for rows in (truth, predictions):
        is_ours = {video: _is_member(chosen, video) for video in set(rows.video_id.tolist())}
        mask = np.array([is_ours[video] for video in rows.video_id.tolist()], dtype=np.bool_)
        sides.append(rows.take(mask))
    ends = [chosen.duration_s.get(video, math.inf) for video in sides[0].video_id.tolist()]
    return sides[0].take(sides[0].segments.end_s <= np.array(ends)), sides[1]
