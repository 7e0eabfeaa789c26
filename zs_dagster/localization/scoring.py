"""Step 4 of ZEAL: one score per proposal from its two boundaries and what lies between."""

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.segments import FloatArray


def mean_inside(values: FloatArray, samples: IndexArray) -> FloatArray:
    """Mean over each interval of samples, by prefix sums.

    Args:
        values: Shape ``(T,)``, of size about 1.
        samples: Shape ``(N, 2)``, first and last sample, both inclusive.

    Returns:
        Shape ``(N,)``. O(T + N). Sums of values that came from float32 are exact; others
        carry a rounding of at most about ``T * 1e-16``.
    """
    total = np.concatenate([[0.0], np.cumsum(values)])
    first, last = samples[:, 0], samples[:, 1] + 1
    mean: FloatArray = (total[last] - total[first]) / (last - first)
    return mean


def soft_minimum_inside(
    values: FloatArray, samples: IndexArray, sharpness: float
) -> FloatArray:
    """Smooth minimum over each interval: ``-log(mean(exp(-k * values))) / k``.

    Args:
        values: Shape ``(T,)``.
        samples: Shape ``(N, 2)``, N >= 1, first and last sample, both inclusive.
        sharpness: k > 0; near 0 it is the mean, large it is the minimum.

    Returns:
        Shape ``(N,)``, between minimum and mean of each interval, O(their total length): a
        difference of prefix sums would drown the small terms in the large ones.
    """
    low = values.min()
    weighed = np.append(np.exp(-sharpness * (values - low)), 0.0)
    total = np.add.reduceat(weighed, (samples + np.array([0, 1])).ravel())[::2]
    length = samples[:, 1] + 1 - samples[:, 0]
    soft = low - np.log(np.maximum(total / length, np.finfo(np.float64).tiny)) / sharpness
    minimum: FloatArray = np.minimum(soft, mean_inside(values, samples))
    return minimum


def mean_around(values: FloatArray, samples: IndexArray, share: float) -> FloatArray:
    """Mean over what lies just before and just after each interval.

    Args:
        values: Shape ``(T,)``, T >= 1.
        samples: Shape ``(N, 2)``, first and last sample, both inclusive.
        share: Length looked at on each side over that of the interval; at least a sample.

    Returns:
        Shape ``(N,)``. An interval with nothing around it gets the smallest value of all.
    """
    total = np.concatenate([[0.0], np.cumsum(values)])
    first, stop = samples[:, 0], samples[:, 1] + 1
    width = np.maximum(np.rint(share * (stop - first)).astype(np.intp), 1)
    before, after = np.maximum(first - width, 0), np.minimum(stop + width, values.size)
    count = (first - before) + (after - stop)
    around = (total[first] - total[before]) + (total[after] - total[stop])
    nothing = np.full(len(samples), values.min())
    mean: FloatArray = np.divide(around, count, out=nothing, where=count > 0)
    return mean


def score_pairs(
    start: FloatArray,
    end: FloatArray,
    actionness: FloatArray,
    samples: IndexArray,
    confidence_weight: float,
) -> FloatArray:
    """Score proposals by ``w * (start + end) + (1 - w) * mean actionness inside``.

    Args:
        start: Shape ``(T,)``, normalised confidence of the start question.
        end: Shape ``(T,)``, normalised confidence of the end question.
        actionness: Shape ``(T,)``, cosine of frame and class text, as it is.
        samples: Shape ``(N, 2)``, first and last sample, both inclusive.
        confidence_weight: The paper's lambda, in [0, 1].

    Returns:
        Shape ``(N,)``, at most ``1 + w``.

    Reference:
        ZEAL, arXiv:2410.14340, section 3.
    """
    boundaries = start[samples[:, 0]] + end[samples[:, 1]]
    inside = mean_inside(actionness, samples)
    return confidence_weight * boundaries + (1 - confidence_weight) * inside


def score_pairs_of_rows(
    columns: FloatArray,
    actionness: FloatArray,
    pairs: tuple[IndexArray, IndexArray],
    confidence_weight: float,
) -> FloatArray:
    """Do as `score_pairs` for the proposals of many classes, to the last bit.

    Args:
        columns: Shape ``(2, C, T)``, normalised confidence of start and end question.
        actionness: Shape ``(C, T)``.
        pairs: Class ``(N,)``, and first and last sample ``(N, 2)``, of each proposal.
        confidence_weight: The paper's lambda, in [0, 1].

    Returns:
        Shape ``(N,)``.
    """
    row, first, last = pairs[0], pairs[1][:, 0], pairs[1][:, 1]
    total = np.zeros((len(actionness), actionness.shape[1] + 1))
    np.cumsum(actionness, axis=1, out=total[:, 1:])
    inside = (total[row, last + 1] - total[row, first]) / (last + 1 - first)
    boundaries = columns[0, row, first] + columns[1, row, last]
    score: FloatArray = confidence_weight * boundaries + (1 - confidence_weight) * inside
    return score
