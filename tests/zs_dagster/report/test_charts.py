"""Charts: where marks lie, and what the page and the picture show of them."""

import io
import re

import pytest
from PIL import Image

from zs_dagster.report.charts import (
    BAR_WIDTH,
    HEIGHT,
    WIDTH,
    Chart,
    Series,
    band_path,
    bar_marks,
    line_path,
    row_height,
)
from zs_dagster.report.charts_png import charts_png
from zs_dagster.report.data import Report
from zs_dagster.report.page import render_page

LINES = Chart(
    "Weight",
    "A peak between says so.",
    "λ",
    ["0", "0.5", "1"],
    [
        Series("zeal", [0.1, 0.4, 0.2], [(0.05, 0.15), None, (0.1, 0.5)]),
        Series("the <paper>", [None, 0.2, 0.1], is_published=True),
    ],
)
BARS = Chart(
    "Stages",
    "The largest.",
    "stage",
    ["sampling", "ranking"],
    [Series("zeal", [1.0, 0.5], texts=["100.0", "50.0 (-50.0)"]), Series("b", [0.25, None])],
    "bars",
)


def test_the_axis_ends_at_a_grid_line_above_every_value_and_interval() -> None:
    assert LINES.grid == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert LINES.top == pytest.approx(0.5)
    assert BARS.grid == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


@pytest.mark.parametrize("highest", [0.0, 0.004, 0.033, 0.1, 0.3, 0.77, 1.0])
def test_no_axis_has_more_than_six_grid_lines(highest: float) -> None:
    chart = Chart("t", "r.", "x", ["1"], [Series("s", [highest])])
    assert 2 <= len(chart.grid) <= 6
    assert highest <= chart.top + 1e-12


def test_lines_go_through_their_values_and_stop_at_gaps() -> None:
    x = [WIDTH / 6, WIDTH / 2, WIDTH * 5 / 6]
    y = [HEIGHT * 0.8, HEIGHT * 0.2, HEIGHT * 0.6]
    expected = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    assert line_path(LINES, LINES.series[0]) == f"M{expected}"
    assert line_path(LINES, LINES.series[1]).count("M") == 1
    gap = Series("s", [0.1, None, 0.1])
    assert line_path(LINES, gap).count("M") == 2


def test_the_band_goes_out_along_the_low_ends_and_back_along_the_high_ones() -> None:
    points = re.findall(r"[\d.]+ ([\d.]+)", band_path(LINES, LINES.series[0]))
    heights = [HEIGHT * (1 - v / 0.5) for v in (0.05, 0.1, 0.5, 0.15)]
    assert [float(point) for point in points] == pytest.approx(heights)
    assert band_path(LINES, LINES.series[1]) == ""


def test_bars_are_as_long_as_their_values_and_below_each_other() -> None:
    first = bar_marks(BARS, 0)
    assert [(mark.width, mark.text) for mark in first] == [
        (BAR_WIDTH, "100.0"),
        (BAR_WIDTH / 4, "25.0"),
    ]
    (second,) = bar_marks(BARS, 1)
    assert (second.width, second.y, second.text) == (150, row_height(BARS), "50.0 (-50.0)")


def test_the_page_draws_them_without_colours_or_styles_of_its_own() -> None:
    page = render_page(Report("d", "D", ablations=[LINES], losses=[BARS]))
    charts = page[page.index('<section aria-labelledby="losses"') :]
    assert page.count("<figure") == 2
    assert "the &lt;paper&gt;" in charts
    assert "A peak between says so." in charts
    # The content security policy forbids inline styles, and dark pages need other colours.
    figures = charts[: charts.rindex("</figure>")]
    assert not re.search(r"style=|fill=|stroke=|#[0-9a-f]{6}|<script", figures)
    assert figures.count("<circle") == 5
    assert figures.count("<rect") == 3


def test_a_page_without_charts_has_no_section_for_them() -> None:
    page = render_page(Report("d", "D"))
    assert "<figure" not in page
    assert 'id="losses"' not in page
    assert 'id="ablations"' not in page


def test_the_picture_is_a_small_png_and_the_same_each_time() -> None:
    png = charts_png([LINES, BARS, LINES])
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.width) == ("PNG", 900)
    assert len(png) < 200_000
    assert png == charts_png([LINES, BARS, LINES])
    assert len({charts_png([LINES]), charts_png([BARS])}) == 2
