"""What is measured on answers and similarities, on arrays alone."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# Nearer to 0.5 than this, a truth is neither yes nor no and no answer is wrong.
UNDECIDED = 0.3


def recalls(truth: FloatArray, answer: FloatArray) -> dict[str, float]:
    """Return how often a clear yes is answered yes and a clear no is answered no.

    Args:
        truth: Any shape, 0 to 1; entries near 0.5 are left out.
        answer: Same shape, P(yes).

    Returns:
        ``yes_recall``, ``no_recall`` in 0 to 1 and the numbers of clear yes and no.
    """
    yes, no = truth > 0.5 + UNDECIDED, truth < 0.5 - UNDECIDED
    return {
        "yes_recall": float((answer[yes] > 0.5).mean()),
        "no_recall": float((answer[no] < 0.5).mean()),
        "num_yes": int(yes.sum()),
        "num_no": int(no.sum()),
    }


def ranking_quality(positive: FloatArray, negative: FloatArray) -> float:
    """Return the area under the ROC curve: P(a positive scores above a negative), ties half."""
    difference = positive[:, None] - negative[None]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def mean_ranking_quality(present: NDArray[np.bool_], score: FloatArray) -> float:
    """Return the mean ranking quality over the columns of ``(N, C)`` that have both kinds."""
    return float(
        np.mean(
            [
                ranking_quality(column[here], column[~here])
                for here, column in zip(present.T, score.T, strict=True)
                if here.any() and not here.all()
            ]
        )
    )
