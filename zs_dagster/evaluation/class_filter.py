"""How many of a video's true classes the class filter keeps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from zs_dagster.errors import InputError


@dataclass(frozen=True)
class FilterQuality:
    """Precision and recall of candidate classes, counted over all videos together.

    Attributes:
        precision: Candidates that are true classes of their video, in [0, 1]; NaN if none.
        recall: True classes that are candidates, in [0, 1]; NaN if there are no true classes.
        n_correct: Candidates that are true classes.
        n_candidates: Candidates.
        n_true: True classes.
    """

    precision: float
    recall: float
    n_correct: int
    n_candidates: int
    n_true: int


def filter_quality(
    candidates: Mapping[str, Sequence[str]],
    truth: Mapping[str, Collection[str]],
    top_k: int | None = None,
) -> FilterQuality:
    """Compare the candidate classes of each video with its ground truth.

    Counts are summed over videos before they are divided, as in the authors' code of ZEAL
    (arXiv:2410.14340). A video without candidates loses all its classes; there the authors
    leave the video out.

    Args:
        candidates: Video id to candidate classes, best first.
        truth: Video id to its classes; may hold more videos, and videos without classes.
        top_k: Read only that many candidates of each video, >= 1; all if None.

    Raises:
        InputError: If ``top_k`` is below 1, a video has no entry in ``truth``, or a candidate
            comes twice.
    """
    if top_k is not None and top_k < 1:
        raise InputError(f"top_k must be >= 1, got {top_k}")
    _check(candidates, truth)
    n_correct = n_candidates = 0
    for video, names in candidates.items():
        kept = names[:top_k]
        n_candidates += len(kept)
        n_correct += len(set(kept) & set(truth[video]))
    n_true = sum(len(set(classes)) for classes in truth.values())
    return FilterQuality(
        precision=n_correct / n_candidates if n_candidates else float("nan"),
        recall=n_correct / n_true if n_true else float("nan"),
        n_correct=n_correct,
        n_candidates=n_candidates,
        n_true=n_true,
    )


def _check(
    candidates: Mapping[str, Sequence[str]], truth: Mapping[str, Collection[str]]
) -> None:
    """Raise if a video is unknown, or a candidate comes twice."""
    unknown = sorted(set(candidates) - set(truth))
    if unknown:
        raise InputError(
            f"video '{unknown[0]}' has candidates but no ground truth; {len(unknown)} of "
            f"{len(candidates)} videos are unknown, give them an entry without classes"
        )
    for video, names in candidates.items():
        if len(set(names)) != len(names):
            raise InputError(f"candidates of video '{video}' must differ, got {list(names)}")
