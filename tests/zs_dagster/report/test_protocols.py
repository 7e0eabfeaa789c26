"""The part of a page that shows protocols and comparisons."""

from zs_dagster.report.data import ProtocolRow, Report
from zs_dagster.report.page import render_page


def test_protocols_and_comparisons_are_shown_and_names_stay_text() -> None:
    rows = [
        ProtocolRow("t3al", "val+test", "all", "known", 0.25, (0.2, 0.3), None, "none"),
        ProtocolRow("mine", "<b>", "half", "filtered", 0.5, (0.4, 0.6), 0.031, "ZEAL 16"),
    ]
    page = render_page(Report("d", "t", protocols=rows, comparisons=["a is better than <i>"]))
    assert "a is better than &lt;i&gt;." in page
    assert "Under every protocol" in page
    assert "&lt;b&gt;" in page
    for text in ("25.0", "20.0 to 30.0", "3.1", "ZEAL 16", "val+test"):
        assert text in page, text


def test_who_is_better_stands_before_any_detail() -> None:
    rows = [ProtocolRow("t3al", "all", "all", "known", 0.25, (0.2, 0.3), None, "none")]
    classes = [("jump", {"zeal": 0.5})]
    page = render_page(Report("d", "t", per_class=classes, protocols=rows, comparisons=["a"]))
    titles = ("Metrics", "Which method is better", "Average precision per class", "Under every")
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)


def test_without_them_nothing_is_said() -> None:
    page = render_page(Report("d", "t"))
    assert "Under every protocol" not in page
    assert "Which method is better" not in page
