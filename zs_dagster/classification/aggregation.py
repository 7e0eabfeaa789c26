"""Aggregators by name, and several views of a video as one."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from zs_dagster.classification.checks import check_choice, check_positive
from zs_dagster.classification.pooling import (
    DEFAULT_SCALE,
    Aggregator,
    Agree,
    ConceptSpotting,
    LogMeanExp,
    Max,
    MeanEmbed,
    MeanLogit,
    MeanProb,
    SelfAttention,
    TextAttention,
    TopK,
)
from zs_dagster.classification.softmax import mean_probability_scores
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

AGGREGATORS: Mapping[str, type[Any]] = {
    "mean_embed": MeanEmbed,
    "mean_logit": MeanLogit,
    "mean_prob": MeanProb,
    "max": Max,
    "topk": TopK,
    "lme": LogMeanExp,
    "text_attn": TextAttention,
    "vcs": ConceptSpotting,
    "self_attn": SelfAttention,
    "agree": Agree,
}
VIEW_MEANS = ("probability", "logit")


def aggregator(name: str, parameters: Mapping[str, Any] | None = None) -> Aggregator:
    """Build an aggregator from its name and parameters.

    Args:
        name: A key of `AGGREGATORS`.
        parameters: Attributes of that class; defaults for those left out.

    Raises:
        InputError: If the name or a parameter is unknown, or a value is out of its range.
    """
    check_choice("aggregator", name, tuple(AGGREGATORS))
    given, kind = dict(parameters or {}), AGGREGATORS[name]
    known = [field.name for field in fields(kind)]
    unknown = sorted(str(key) for key in given if key not in known)
    if unknown:
        raise InputError(
            f"aggregator '{name}' has the parameters {', '.join(known) or 'none'}, got "
            f"{', '.join(unknown)}"
        )
    chosen: Aggregator = kind(**given)
    return chosen


def combine_views(
    scores: FloatArray, how: str = "probability", *, scale: float = DEFAULT_SCALE
) -> FloatArray:
    """Average V views of a video, such as clips or crops.

    Args:
        scores: Shape ``(V, K)``, scores of an aggregator per view.
        how: Average ``probability`` (as ViFi-CLIP does) or ``logit``.
        scale: Of the softmax, > 0.

    Returns:
        Shape ``(K,)``, scores again: ``softmax(scale * result)`` gives probabilities.

    Raises:
        InputError: If ``how`` is unknown, or there is no view.
    """
    check_choice("mean of views", how, VIEW_MEANS)
    check_positive("scale", scale)
    if scores.ndim != 2 or not len(scores):
        raise InputError(f"scores must have shape (V, K), V >= 1, got {scores.shape}")
    if how == "probability":
        return mean_probability_scores(scores, scale)
    mean: FloatArray = scores.mean(axis=0)
    return mean
