"""From scores to answers: probabilities, the best classes, all that apply, or none.

Scores are cosines of shape ``(..., K)``, as aggregators return them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.checks import (
    check_choice,
    check_count,
    check_positive,
    is_finite,
)
from zs_dagster.classification.softmax import softmax
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

KNOWN_RULES = ("max_probability", "margin", "energy")


def clip_probabilities(
    scores: FloatArray, scale: float, *, temperature: float = 1.0
) -> FloatArray:
    """Return ``softmax(scale * score / temperature)``: one class of the list is right.

    For SigLIP too where its answers are compared with CLIP's: its bias would cancel out.

    Args:
        scores: Shape ``(..., K)``.
        scale: The model's, ``exp(logit_scale)``, > 0.
        temperature: > 0; above 1 is less sure. `fit_temperature` finds it.

    Raises:
        InputError: If scale or temperature is out of range.
    """
    check_positive("scale", scale)
    check_positive("temperature", temperature)
    return softmax(scale / temperature * scores)


def siglip_probabilities(scores: FloatArray, scale: float, bias: float) -> FloatArray:
    """Return ``sigmoid(scale * score + bias)``: each class for itself (arXiv:2303.15343).

    Args:
        scores: Shape ``(..., K)``.
        scale: The model's, ``exp(logit_scale)``, > 0.
        bias: The model's ``logit_bias``.

    Raises:
        InputError: If scale or bias is out of range.
    """
    check_positive("scale", scale)
    if not is_finite(bias):
        raise InputError(f"bias must be a finite number, got {bias!r}")
    return _sigmoid(scale * scores + bias)


def top_classes(scores: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Return the best ``min(k, K)`` classes, best first, shape ``(..., k)``.

    Compared in fp32, so that the last bits of fp64 decide nothing; of equal classes the one of
    lower index is first.

    Raises:
        InputError: If ``k`` is below 1.
    """
    check_count("k", k)
    order = np.argsort(-np.asarray(scores, dtype=np.float32), axis=-1, kind="stable")
    return order[..., :k].astype(np.int64)


def background_z_scores(scores: FloatArray, background: FloatArray) -> FloatArray:
    """Give CLIP's cosines an absolute scale: deviations above unrelated sentences.

    Args:
        scores: Shape ``(..., K)``.
        background: Shape ``(..., B)``, B >= 2, scores of the same videos with sentences about
            nothing in particular, such as `BACKGROUND_PROMPTS`.

    Returns:
        Shape ``(..., K)``, ``(score - mean) / sd`` with the sd of a sample (ddof 1).

    Raises:
        InputError: If there are fewer than two, or they do not differ.
    """
    if background.shape[-1] < 2:
        raise InputError(f"background scores must be >= 2, got {background.shape[-1]}")
    deviation = background.std(axis=-1, ddof=1, keepdims=True)
    if not (deviation > 0).all():
        raise InputError("background scores must differ, got equal ones; use other prompts")
    z: FloatArray = (scores - background.mean(axis=-1, keepdims=True)) / deviation
    return z


def against_negative(scores: FloatArray, negative: FloatArray, scale: float) -> FloatArray:
    """Return the probability of each class against a negative prompt: a softmax of two.

    Args:
        scores: Shape ``(..., K)``.
        negative: Shape ``(..., 1)`` for one prompt for all, such as `NEGATIVE_PROMPT`, or
            ``(..., K)``.
        scale: The model's, > 0.

    Raises:
        InputError: If the scale is out of range.
    """
    check_positive("scale", scale)
    return _sigmoid(scale * (scores - negative))


def known_scores(scores: FloatArray, scale: float, rule: str) -> FloatArray:
    """Say how much a video looks as if one of the classes were right; reject low values.

    Args:
        scores: Shape ``(..., K)``.
        scale: Factor that turns scores into logits: of the model over the temperature, > 0.
        rule: ``max_probability``; ``margin``, best probability minus second best;
            ``energy``, ``ln sum_k exp(scale * score_k)``, the negative free energy
            (arXiv:2010.03759).

    Returns:
        Shape ``(...)``, higher is more known.

    Raises:
        InputError: If the rule is unknown, or ``margin`` is asked of a single class.
    """
    check_choice("rule", rule, KNOWN_RULES)
    if rule == "energy":
        logits = scale * scores
        top = logits.max(axis=-1, keepdims=True)
        energy: FloatArray = (top + np.log(np.exp(logits - top).sum(-1, keepdims=True)))[..., 0]
        return energy
    best = np.sort(clip_probabilities(scores, scale), axis=-1)
    if rule == "margin" and best.shape[-1] < 2:
        raise InputError("margin compares two classes, got one; use energy")
    known: FloatArray = best[..., -1] - (best[..., -2] if rule == "margin" else 0.0)
    return known


def _sigmoid(logits: FloatArray) -> FloatArray:
    # The exponential of what is never positive cannot overflow.
    small = np.exp(-np.abs(logits))
    probability: FloatArray = np.where(logits >= 0, 1.0, small) / (1 + small)
    return probability
