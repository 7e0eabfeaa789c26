"""Bins of confidence -> the points and bars of a reliability diagram.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2: accuracy within
bins of equal confidence; a calibrated method lies on the diagonal.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

SIZE = 220.0  # Of the square from confidence 0 to 1 and accuracy 0 to 1.
BARS = 36.0  # Height of the tallest bar below it.


@dataclass(frozen=True)
class Bin:
    """One bin in numbers and in the units of the drawing; ``y`` grows downwards."""

    confidence: float
    accuracy: float
    count: int
    x: float
    y: float
    bar: float


def reliability_bins(bins: Iterable[tuple[float, float, int]]) -> list[Bin]:
    """Return the bins that hold videos, by increasing confidence.

    Args:
        bins: ``(mean confidence, accuracy, number of videos)``, fractions in [0, 1].
    """
    filled = sorted(b for b in bins if b[2] > 0 and math.isfinite(b[0] + b[1]))
    most = max((count for _, _, count in filled), default=1)
    return [
        Bin(confidence, accuracy, n, SIZE * confidence, SIZE * (1 - accuracy), BARS * n / most)
        for confidence, accuracy, n in filled
    ]


def path(bins: Iterable[Bin]) -> str:
    """Return the curve through the bins as the data of an SVG path."""
    points = [f"{b.x:.1f} {b.y:.1f}" for b in bins]
    return f"M{' L'.join(points)}" if points else ""
