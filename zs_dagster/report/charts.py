"""Small charts of a report: what they are made of, and where each mark lies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH, HEIGHT = 340.0, 150.0  # Of the plotting area of lines; the labels lie outside it.
BAR_WIDTH, BAR_HEIGHT, BAR_GAP = 300.0, 13.0, 10.0
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
MAX_GRID = 5


@dataclass(frozen=True)
class Series:
    """One method, or what somebody published.

    Attributes:
        name: In the legend.
        values: Fractions, one per category; None is a gap.
        intervals: Low and high of each value; None where there is none.
        texts: Written at the ends of bars, one per category; the values if not given.
        is_published: Drawn dashed: not measured here.
    """

    name: str
    values: Sequence[float | None]
    intervals: Sequence[tuple[float, float] | None] = ()
    texts: Sequence[str] = ()
    is_published: bool = False


@dataclass(frozen=True)
class Chart:
    """Series over categories, which are evenly spaced whatever their numbers.

    Attributes:
        title: Heading.
        reading: What to read from it, one sentence.
        axis: What the categories are.
        categories: Names, in the order shown.
        series: The first is the one the report is about.
        kind: Lines from left to right, or bars from top to bottom.
        unit: What the values are.
    """

    title: str
    reading: str
    axis: str
    categories: Sequence[str]
    series: Sequence[Series]
    kind: Literal["lines", "bars"] = "lines"
    unit: str = "average mAP, %"

    @property
    def top(self) -> float:
        """Upper end of the axis of values: a grid line."""
        return self.grid[-1]

    @property
    def grid(self) -> list[float]:
        """Values of the grid lines from 0, at most six, the last not below any value."""
        highs = [i[1] for s in self.series for i in s.intervals if i]
        values = [v for s in self.series for v in s.values if v is not None]
        highest = max([*highs, *values, STEPS[0]])
        step = next((s for s in STEPS if highest <= s * MAX_GRID), STEPS[-1])
        return [step * i for i in range(math.ceil(round(highest / step, 9)) + 1)]


def x_of(chart: Chart, category: int) -> float:
    """Return where a category lies from left to right in a chart of lines."""
    return WIDTH * (category + 0.5) / len(chart.categories)


def y_of(chart: Chart, value: float) -> float:
    """Return where a value lies from the top in a chart of lines."""
    return HEIGHT * (1 - max(0.0, value) / chart.top)


def line_path(chart: Chart, series: Series) -> str:
    """Return the line of a series as the data of an SVG path, with its gaps."""
    data, pen = [], "M"
    for category, value in enumerate(series.values):
        if value is not None:
            data.append(f"{pen}{x_of(chart, category):.1f} {y_of(chart, value):.1f}")
        pen = "M" if value is None else "L"
    return "".join(data)


def band_path(chart: Chart, series: Series) -> str:
    """Return the intervals of a series as one closed area; empty where there are none."""
    ends = [(i, ends) for i, ends in enumerate(series.intervals) if ends]
    edge = [(i, low) for i, (low, _) in ends] + [(i, high) for i, (_, high) in ends[::-1]]
    points = [f"{x_of(chart, i):.1f} {y_of(chart, value):.1f}" for i, value in edge]
    return f"M{'L'.join(points)}Z" if points else ""


@dataclass(frozen=True)
class BarMark:
    """A bar: where, how long, of which series, and what is written at its end."""

    y: float
    width: float
    series: int
    text: str


def bar_marks(chart: Chart, category: int) -> list[BarMark]:
    """Return the bars of a category, one per series below each other; values >= 0."""
    top = category * row_height(chart)
    return [
        BarMark(
            y=top + i * BAR_HEIGHT,
            width=BAR_WIDTH * max(0.0, value) / chart.top,
            series=i,
            text=series.texts[category] if series.texts else f"{100 * value:.1f}",
        )
        for i, series in enumerate(chart.series)
        if (value := series.values[category]) is not None
    ]


def row_height(chart: Chart) -> float:
    """Return the distance from one category to the next in a chart of bars."""
    return len(chart.series) * BAR_HEIGHT + BAR_GAP
