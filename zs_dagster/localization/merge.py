"""Step 6 of ZEAL: proposals that are nearly the same become one."""

import numpy as np

from zs_dagster.localization.proposals import IndexArray
from zs_dagster.segments import FloatArray, tiou


def merge_neighbours(
    samples: IndexArray,
    score: FloatArray,
    borders: tuple[FloatArray, FloatArray],
    merge_tiou: float,
    *,
    is_running_mean: bool,
) -> tuple[IndexArray, FloatArray]:
    """Merge each proposal into the one before it, by start, if they overlap by enough.

    The merged proposal spans both; the next one is compared with it.

    Args:
        samples: Shape ``(N, 2)``, first and last sample, both inclusive. Proposals of one
            start are compared in the order given.
        score: Shape ``(N,)``.
        borders: Two arrays of shape ``(T,)``: where a proposal starts that begins at a sample,
            and where one ends whose last sample it is; any unit.
        merge_tiou: Merge above this overlap, in [0, 1].
        is_running_mean: Score by ``(merged + next) / 2``, which gives the last one half the
            weight, as the authors' code does; else by the mean of all that were merged.

    Returns:
        Samples ``(M, 2)`` and scores ``(M,)`` by start, M <= N.
    """
    order = np.argsort(samples[:, 0], kind="stable")
    samples, score = samples[order], score[order]
    if not _is_any_near(samples, borders, merge_tiou):
        return samples, score
    start_of, end_of = (border.tolist() for border in borders)
    spans: list[list[int]] = []
    means: list[float] = []
    count = 0
    for span, value in zip(samples.tolist(), score.tolist(), strict=True):
        first, last = span
        if spans and _overlap(spans[-1], span, start_of, end_of) > merge_tiou:
            count += 1
            share = 2 if is_running_mean else count
            means[-1] = (means[-1] * (share - 1) + value) / share
            spans[-1] = [min(spans[-1][0], first), max(spans[-1][1], last)]
        else:
            count = 1
            spans.append(span)
            means.append(value)
    return np.array(spans, dtype=np.intp).reshape(-1, 2), np.array(means, dtype=np.float64)


def _is_any_near(
    samples: IndexArray, borders: tuple[FloatArray, FloatArray], merge_tiou: float
) -> bool:
    """Whether any proposal is to be merged into the one before it; mostly none is."""
    start_s, end_s = borders[0][samples[:, 0]], borders[1][samples[:, 1]]
    overlap = tiou(start_s[:-1], end_s[:-1], start_s[1:], end_s[1:])
    return bool((overlap > merge_tiou).any())


def _overlap(
    one: list[int], other: list[int], start_of: list[float], end_of: list[float]
) -> float:
    """As `tiou`, of two intervals of samples placed by their borders, without arrays."""
    start, end = start_of[one[0]], end_of[one[1]]
    other_start, other_end = start_of[other[0]], end_of[other[1]]
    inter = max(min(end, other_end) - max(start, other_start), 0.0)
    union = (end - start) + (other_end - other_start) - inter
    return inter / union if union > 0 else 0.0
