"""Steps 1 to 3 of ZEAL for many classes at once: what there is to choose from."""

import math
from dataclasses import dataclass

import numpy as np

from zs_dagster.localization.candidates import spread_out, spread_out_rows, top_of_rows
from zs_dagster.localization.normalise import normalise_rows
from zs_dagster.localization.pairing import pair
from zs_dagster.localization.parameters import ZealParameters
from zs_dagster.localization.proposals import IndexArray
from zs_dagster.localization.stacked_scores import StackedScores
from zs_dagster.segments import FloatArray

PAPER_MIN_SAMPLES = 3
SIDES = ("start", "end")
Places = tuple[IndexArray, IndexArray]
"""Class and sample of each of some samples, by class, then sample."""


@dataclass(frozen=True, eq=False)
class Choices:
    """What ZEAL chooses from in C classes of T samples each.

    Attributes:
        reasons: Why a class is skipped, C sentences; None where it is not.
        columns: Shape ``(2, C, T)``, normalised confidence of start and end question.
        starts: Samples that may start an action, of the classes that are not skipped.
        ends: Samples that may end one.
        owner: Shape ``(N,)``, the class of each proposal, in order.
        samples: Shape ``(N, 2)``, first and last sample, both inclusive, by first, then last.
    """

    reasons: list[str | None]
    columns: FloatArray
    starts: Places
    ends: Places
    owner: IndexArray
    samples: IndexArray


def choices(scores: StackedScores, parameters: ZealParameters) -> Choices:
    """Normalise, find the boundaries and pair them; nothing of a class depends on another."""
    reasons = [_why_skipped(one, parameters) for one in scores.confidence]
    columns = np.zeros((2, *scores.time_s.shape))
    looked_at = np.array([i for i, why in enumerate(reasons) if why is None], dtype=np.intp)
    if looked_at.size:
        rows = np.ascontiguousarray(np.moveaxis(scores.confidence[looked_at], 2, 0))
        stretched, is_constant = normalise_rows(rows, parameters.normalise_epsilon)
        columns[:, looked_at] = stretched
        for side, place in zip(*np.nonzero(is_constant[::-1]), strict=True):
            which = SIDES[1 - side]  # Of a class that has two, the start is said: it is last.
            reasons[looked_at[place]] = (
                f"the {which} confidence is constant: it does not say when"
            )
        looked_at = looked_at[~is_constant.any(axis=0)]
    starts, ends = _boundaries(columns[:, looked_at], scores.time_s[looked_at], parameters)
    owner, samples = _pairs(starts, ends, looked_at.size, scores.num_samples, parameters)
    return Choices(
        reasons,
        columns,
        (looked_at[starts[0]], starts[1]),
        (looked_at[ends[0]], ends[1]),
        looked_at[owner],
        samples,
    )


def _why_skipped(confidence: FloatArray, parameters: ZealParameters) -> str | None:
    """Reason to look no further at a class, or None."""
    count = len(confidence)
    if not count:
        return "there are no samples"
    if parameters.variant == "default":
        return None
    if count < PAPER_MIN_SAMPLES:
        return f"{count} samples are fewer than the {PAPER_MIN_SAMPLES} the paper needs"
    mean = float(confidence.mean())
    if mean < parameters.min_mean_confidence:
        return (
            f"the mean confidence {mean:.3g} is below "
            f"min_mean_confidence={parameters.min_mean_confidence:g}"
        )
    return None


def _boundaries(
    columns: FloatArray, time_s: FloatArray, parameters: ZealParameters
) -> tuple[Places, Places]:
    """Samples that may start and samples that may end an action, of ``(2, R, T)`` columns."""
    _, num_rows, length = columns.shape
    rank, every = int(parameters.top_fraction * length), np.arange(num_rows)
    if not num_rows or (rank < 1 and parameters.variant == "zeal-paper"):
        return (every, np.zeros_like(every)), (every, np.full_like(every, length - 1))
    top = top_of_rows(columns.reshape(-1, length), max(rank, 1))
    row, sample = _spread_out(top, time_s, parameters)
    border = int(np.searchsorted(row, num_rows))
    return (row[:border], sample[:border]), (row[border:] - num_rows, sample[border:])


def _spread_out(top: FloatArray, time_s: FloatArray, parameters: ZealParameters) -> Places:
    """Thin out starts, then ends: rows of one class lie ``len(time_s)`` apart."""
    is_later_first = parameters.variant == "zeal-paper"
    if parameters.min_gap_s is None:
        return spread_out_rows(top, parameters.min_gap_samples, is_later_first=is_later_first)
    kept = [
        spread_out(
            np.flatnonzero(column > -np.inf),
            column,
            time_s[row % len(time_s)],
            parameters.min_gap_s,
            is_later_first=is_later_first,
        )
        for row, column in enumerate(top)
    ]
    return np.repeat(np.arange(len(kept)), [one.size for one in kept]), np.concatenate(kept)


def _pairs(
    starts: Places, ends: Places, num_rows: int, length: int, parameters: ZealParameters
) -> tuple[IndexArray, IndexArray]:
    """Row, and inclusive first and last samples ``(N, 2)``, of the proposals."""
    if not num_rows:
        return np.zeros(0, dtype=np.intp), np.zeros((0, 2), dtype=np.intp)
    is_paper = parameters.variant == "zeal-paper"
    if is_paper and int(parameters.top_fraction * length) < 1:
        return np.arange(num_rows), np.tile([0, length - 1], (num_rows, 1))
    # All rows lie on one line, so far apart that no proposal reaches the next one.
    apart = 2 * length
    line = pair(
        starts[0] * apart + starts[1],
        ends[0] * apart + ends[1],
        math.floor(parameters.max_length_fraction * length),
    )
    if is_paper:
        line = np.sort(np.concatenate([line, _first_of_both(line, starts, ends, apart)]), 0)
    owner = line[:, 0] // apart
    return owner, line - (owner * apart)[:, np.newaxis]


def _first_of_both(line: IndexArray, starts: Places, ends: Places, apart: int) -> IndexArray:
    """First start with first end of each row that has no pair, if the end is not earlier."""
    rows = np.setdiff1d(starts[0], line[:, 0] // apart)
    first = starts[1][np.searchsorted(starts[0], rows)]
    last = ends[1][np.searchsorted(ends[0], rows)]
    both = np.column_stack([first, last]) + (rows * apart)[:, np.newaxis]
    return both[first <= last]
