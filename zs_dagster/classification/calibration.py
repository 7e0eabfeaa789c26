"""How sure to be: one temperature for all classes, from labelled videos."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.softmax import log_softmax
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

RANGE = (0.01, 100.0)
GOLDEN = (math.sqrt(5) - 1) / 2
PRECISION = 1e-6


@dataclass(frozen=True)
class FittedTemperature:
    """The temperature of least negative log-likelihood.

    Attributes:
        temperature: Divides logits, within `RANGE`.
        nll_before: Mean negative log-likelihood at temperature 1, nats.
        nll_after: The same at the temperature found.
        is_at_limit: The best lies at the end of the range: the logits say nothing (100), or
            never err on these videos (0.01). More or other videos are needed.
    """

    temperature: float
    nll_before: float
    nll_after: float
    is_at_limit: bool


def fit_temperature(logits: FloatArray, target: NDArray[np.int64]) -> FittedTemperature:
    """Fit the temperature of `clip_probabilities` (Guo et al., arXiv:1706.04599).

    The likelihood is convex in 1/T, so it has one minimum in log T, where golden sections find
    it. Which videos to fit on is up to the caller: they must not be among those whose accuracy
    or calibration error is reported.

    Args:
        logits: Shape ``(N, K)``, ``scale * score``.
        target: Shape ``(N,)``, the right class of each, in 0 … K-1.

    Raises:
        InputError: If shapes disagree, there is no video, or a value is out of range.
    """
    _check(logits, target)
    rows = np.arange(len(target))

    def nll(log_t: float) -> float:
        return float(-log_softmax(logits / math.exp(log_t))[rows, target].mean())

    low, high = map(math.log, RANGE)
    log_t = _golden_section(nll, low, high)
    return FittedTemperature(
        temperature=math.exp(log_t),
        nll_before=nll(0.0),
        nll_after=nll(log_t),
        is_at_limit=min(log_t - low, high - log_t) < 10 * PRECISION,
    )


def _golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function with one minimum is least (Kiefer, 1953)."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > PRECISION:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2


def _check(logits: FloatArray, target: NDArray[np.int64]) -> None:
    if logits.ndim != 2 or target.shape != logits.shape[:1] or not target.size:
        raise InputError(
            f"logits must have shape (N, K) and target (N,), N >= 1, got {logits.shape} and "
            f"{target.shape}"
        )
    if not np.isfinite(logits).all() or target.min() < 0 or target.max() >= logits.shape[1]:
        raise InputError(
            f"logits must be finite and targets lie in 0 … {logits.shape[1] - 1}, got "
            f"{int((~np.isfinite(logits)).sum())} logits that are not, targets "
            f"{target.min()} … {target.max()}"
        )
