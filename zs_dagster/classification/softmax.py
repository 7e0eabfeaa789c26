"""Softmax, its entropy and means of exponentials, without overflow; natural logarithms."""

import numpy as np

from zs_dagster.segments import FloatArray


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return log-probabilities along the last axis, same shape."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log


def softmax(logits: FloatArray) -> FloatArray:
    """Return probabilities along the last axis, same shape."""
    return np.exp(log_softmax(logits))


def entropy(logits: FloatArray) -> FloatArray:
    """Return the entropy of the softmax over the last axis, nats, in ``[0, ln K]``."""
    log = log_softmax(logits)
    nats: FloatArray = -(np.exp(log) * log).sum(axis=-1)
    return nats


def log_mean_exp(values: FloatArray) -> FloatArray:
    """Return the logarithm of the mean of ``exp(values)`` over the first axis."""
    top = values.max(axis=0)
    log: FloatArray = top + np.log(np.exp(values - top).mean(axis=0))
    return log


def mean_probability_scores(scores: FloatArray, scale: float) -> FloatArray:
    """Return scores whose softmax is the mean of the softmaxes of N score vectors.

    Args:
        scores: Shape ``(N, ..., K)``, cosines of N frames, views or templates.
        scale: Factor that turns scores into logits, > 0.

    Returns:
        Shape ``(..., K)``; ``softmax(scale * result)`` is the mean over the first axis of
        ``softmax(scale * scores)``.
    """
    mean: FloatArray = log_mean_exp(log_softmax(scale * scores)) / scale
    return mean
