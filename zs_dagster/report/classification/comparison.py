"""A paired difference in words that keep its sign."""

import math

from zs_dagster.report.classification.data import Difference
from zs_dagster.report.view import MISSING


def verdict(difference: Difference) -> str:
    """Return what stands between both names: `has 1.0 points more than`."""
    if not math.isfinite(difference.value):
        return "cannot be compared with"
    amount = f"{abs(100 * difference.value):.1f}"
    if amount == "0.0":
        return "has, to one decimal, as many points as"
    return f"has {amount} points {'more' if difference.value > 0 else 'less'} than"


def evidence(difference: Difference) -> str:
    """Return interval and test: `95 % interval -2.1 to +4.2, McNemar p = 0.45`."""
    low, high = signed(difference.low), signed(difference.high)
    return f"95 % interval {low} to {high}, McNemar {_p_value(difference.p)}"


def is_settled(difference: Difference) -> bool:
    """Whether the interval leaves out zero, so that the sign is known."""
    return difference.low > 0 or difference.high < 0


def signed(value: float) -> str:
    """Write a difference in points with its sign; a rounded zero has none."""
    if not math.isfinite(value):
        return MISSING
    text = f"{abs(100 * value):.1f}"
    sign = "" if text == "0.0" else "+" if value > 0 else "\N{MINUS SIGN}"
    return sign + text


def _p_value(p: float) -> str:
    if not math.isfinite(p):
        return f"p {MISSING}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
