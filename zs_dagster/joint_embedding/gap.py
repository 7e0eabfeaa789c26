"""How far videos and sentences of one class are apart: the semantic gap in numbers.

Alignment and uniformity: Wang and Isola, "Understanding contrastive representation learning
through alignment and uniformity on the hypersphere", ICML 2020, arXiv:2005.10242, equations 1
and 2. Modality gap: Liang et al., "Mind the gap", NeurIPS 2022, arXiv:2203.02053, section 2.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import IntArray
from zs_dagster.joint_embedding.retrieval import ranks, retrieval
from zs_dagster.joint_embedding.scoring import check_owner, nearest_classes
from zs_dagster.segments import FloatArray
from zs_dagster.similarity import normalised

BLOCK = 1024


@dataclass(frozen=True, eq=False)
class SemanticGap:
    """Numbers about N videos and P prototypes of K classes, all made length 1 first.

    Attributes:
        centroid_cosine: Shape ``(K,)``, between the means of a class's videos and prototypes;
            NaN for a class without videos.
        modality_gap: Distance between the means of all videos and of all prototypes.
        alignment: Mean squared distance between a video and the prototypes of its class.
        video_uniformity: ``log E exp(-2 |x - y|^2)`` over pairs of videos; lower is more
            spread. NaN for a single video.
        text_uniformity: The same over pairs of prototypes.
        accuracy: Share of videos whose nearest prototype is of their class.
        video_to_text: Rank of the best own prototype: ``r1``, ``r5``, ``median_rank``.
        text_to_video: Rank of the best own video, of the prototypes that have videos.
        confusions: ``(class, taken for, videos)``, most frequent first.
    """

    centroid_cosine: FloatArray
    modality_gap: float
    alignment: float
    video_uniformity: float
    text_uniformity: float
    accuracy: float
    video_to_text: dict[str, float]
    text_to_video: dict[str, float]
    confusions: list[tuple[int, int, int]]


def semantic_gap(
    video: NDArray[Any],
    label: IntArray,
    prototypes: NDArray[Any],
    owner: IntArray,
    n_confusions: int = 10,
) -> SemanticGap:
    """Measure the gap.

    Args:
        video: Shape ``(N, J)``, N >= 1.
        label: Shape ``(N,)``, the class of each video.
        prototypes: Shape ``(P, J)``.
        owner: Shape ``(P,)``, the class of each prototype.
        n_confusions: How many to list at most.

    Raises:
        InputError: If there is no video, or a class has no prototype.
    """
    n_classes = int(max(label.max(initial=0), owner.max(initial=0))) + 1
    check_owner(prototypes, owner, n_classes)
    if label.shape != (len(video),) or not len(video):
        raise InputError(
            f"each of {len(video)} videos, at least one, must have a label, got {label.shape}"
        )
    videos, texts = normalised(video), normalised(prototypes)
    is_own = label[:, None] == owner
    has_videos = is_own.any(axis=0)
    predicted = nearest_classes(videos, texts, owner)
    return SemanticGap(
        centroid_cosine=_centroid_cosine(videos, label, texts, owner, n_classes),
        modality_gap=float(np.linalg.norm(videos.mean(axis=0) - texts.mean(axis=0))),
        alignment=float(np.mean(2 - 2 * (videos @ texts.T)[is_own])),
        video_uniformity=uniformity(videos),
        text_uniformity=uniformity(texts),
        accuracy=float((predicted == label).mean()),
        video_to_text=retrieval(ranks(videos, texts, is_own)),
        text_to_video=retrieval(ranks(texts[has_videos], videos, is_own.T[has_videos])),
        confusions=_confusions(label, predicted, n_classes)[:n_confusions],
    )


def uniformity(points: FloatArray) -> float:
    """Return ``log E exp(-2 |x - y|^2)`` over pairs of different rows of length 1.

    NaN if there are no two rows.
    """
    count, total = len(points), 0.0
    if count < 2:
        return float("nan")
    for start in range(0, count, BLOCK):
        cosine = points[start : start + BLOCK] @ points.T
        total += float(np.exp(4 * (cosine - 1)).sum())
    # Each point was paired with itself as well, at distance 0.
    return float(np.log((total - count) / (count * (count - 1))))


def _centroid_cosine(
    videos: FloatArray, label: IntArray, texts: FloatArray, owner: IntArray, n_classes: int
) -> FloatArray:
    means = (
        normalised(_sums(videos, label, n_classes)),
        normalised(_sums(texts, owner, n_classes)),
    )
    cosine: FloatArray = np.einsum("kj,kj->k", *means)
    return np.where(np.bincount(label, minlength=n_classes) > 0, cosine, np.nan)


def _sums(rows: FloatArray, of: IntArray, n_classes: int) -> FloatArray:
    sums = np.zeros((n_classes, rows.shape[1]))
    np.add.at(sums, of, rows)
    return sums


def _confusions(
    label: IntArray, predicted: IntArray, n_classes: int
) -> list[tuple[int, int, int]]:
    wrong = label != predicted
    codes, counts = np.unique(label[wrong] * n_classes + predicted[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        (int(code // n_classes), int(code % n_classes), int(n))
        for code, n in zip(codes[order], counts[order], strict=True)
    ]
