"""Recognition in the joint space: the classes of the nearest prototypes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import IntArray
from zs_dagster.segments import FloatArray
from zs_dagster.similarity import cosine_similarity

DEFAULT_TEMPERATURE = 0.07


def class_scores(
    video: NDArray[Any], prototypes: NDArray[Any], owner: IntArray, n_classes: int
) -> FloatArray:
    """Return the highest cosine of each class's prototypes.

    Args:
        video: Shape ``(N, J)``.
        prototypes: Shape ``(P, J)``.
        owner: Shape ``(P,)``, the class of each prototype.
        n_classes: K; every class has a prototype.

    Returns:
        Shape ``(N, K)``, in ``[-1, 1]``.

    Raises:
        InputError: If a class has no prototype, or a prototype no class.
    """
    check_owner(prototypes, owner, n_classes)
    cosine = cosine_similarity(video, prototypes)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(n_classes))
    scores: FloatArray = np.maximum.reduceat(cosine[:, order], starts, axis=1)
    return scores


def nearest_classes(
    video: NDArray[Any], prototypes: NDArray[Any], owner: IntArray, k: int = 1
) -> IntArray:
    """Return the class that most of the k nearest prototypes are of.

    Classes with as many votes are told apart by their smaller mean cosine distance, then by
    their place; prototypes at one distance by theirs.

    Args:
        video: Shape ``(N, J)``.
        prototypes: Shape ``(P, J)``.
        owner: Shape ``(P,)``, the class of each prototype.
        k: >= 1; all prototypes vote if there are fewer.

    Returns:
        Shape ``(N,)``.

    Raises:
        InputError: If ``k`` is below 1 or a class between 0 and the highest has no prototype.
    """
    check_owner(prototypes, owner, int(owner.max(initial=0)) + 1)
    if k < 1:
        raise InputError(f"k must be >= 1, got {k}")
    distance = 1 - cosine_similarity(video, prototypes)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :k]
    is_of = owner[nearest][:, :, None] == np.arange(owner.max() + 1)  # (N, k, K)
    votes = is_of.sum(axis=1)
    near = np.take_along_axis(distance, nearest, axis=1)[:, :, None]
    mean = (near * is_of).sum(axis=1) / np.maximum(votes, 1)
    # Most votes first, then smallest mean; argmin takes the first class of equals.
    has_most = votes == votes.max(axis=1, keepdims=True)
    classes: IntArray = np.where(has_most, mean, np.inf).argmin(axis=1)
    return classes


def probabilities(scores: FloatArray, temperature: float = DEFAULT_TEMPERATURE) -> FloatArray:
    """Return ``softmax(score / temperature)`` over the last axis.

    Raises:
        InputError: If the temperature is not positive.
    """
    if not 0 < temperature < np.inf:
        raise InputError(f"temperature must be a finite number > 0, got {temperature}")
    logits = scores / temperature
    weight = np.exp(logits - logits.max(axis=-1, keepdims=True))
    share: FloatArray = weight / weight.sum(axis=-1, keepdims=True)
    return share


def check_owner(prototypes: NDArray[Any], owner: IntArray, n_classes: int) -> None:
    """Refuse classes without prototypes.

    Raises:
        InputError: If a class has none, or an owner is no class.
    """
    count = len(prototypes)
    if owner.shape != (count,) or not count or owner.min() < 0 or owner.max() >= n_classes:
        raise InputError(
            f"each of {count} prototypes, at least one, must belong to one of {n_classes} "
            f"classes, got owners of shape {owner.shape}"
        )
    missing = np.flatnonzero(np.bincount(owner, minlength=n_classes) == 0)
    if len(missing):
        raise InputError(
            f"every class must have a prototype; {len(missing)} of {n_classes} have none, such "
            f"as class {missing[0]}"
        )
