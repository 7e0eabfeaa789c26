"""The page is one inert, self-contained document, whatever the names in it are."""

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from typing_extensions import override

from zs_dagster.report.data import ClassCurves, MetricRow, Report, Span, VideoReview
from zs_dagster.report.page import render_page
from zs_dagster.report.payload import video_payload

HOSTILE = "</script><img src=x onerror=alert(1)>"
QUOTES = "\"'><svg onload=alert(1)>{{ 7*7 }}<!--\u2028"


class Document(HTMLParser):
    """Tags, attributes, JSON blocks and visible text of a page, as a browser splits them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.blocks: list[object] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        is_data = ("type", "application/json") in attrs
        self._inside = "json" if is_data else tag if tag in ("script", "style") else ""

    @override
    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag in ("script", "style") else self._inside

    @override
    def handle_data(self, data: str) -> None:
        if self._inside == "json":
            self.blocks.append(json.loads(data))
        elif self._inside == "script":
            self.scripts.append(data)
        elif self._inside == "style":
            self.styles.append(data)
        else:
            self.text += data


def full_report(name: str = "jump") -> Report:
    time = np.arange(3.0)
    video = VideoReview(
        f"video {name}",
        "data:video/mp4;base64,AAAA",
        duration_s=3.0,
        ground_truth=[Span(name, 0.0, 1.0)],
        predictions=[Span(name, 0.2, 1.1, 0.75), Span(f"other {name}", 1.0, 2.0, 0.5)],
        curves=[ClassCurves(name, time, time / 3, time / 4, time / 5)],
        average_precision=0.5,
        note=name,
    )
    broken = VideoReview(f"broken {name}", status="unreadable", reason=f"cut {name}")
    return Report(
        dataset=name,
        title=f"Title {name}",
        summary={f"Model {name}": name},
        metrics=[MetricRow(name, name, {"average_mAP": 0.3, name: 0.2}, (0.2, 0.4), True)],
        per_class=[(name, {name: 0.25, "random": math.nan})],
        notes=[f"note {name}"],
        videos=[video, broken],
        interval_name=name,
    )


@pytest.mark.parametrize(("n_videos", "is_told"), [(0, False), (2, False), (10_000, True)])
def test_a_page_that_leaves_videos_out_says_so(n_videos: int, *, is_told: bool) -> None:
    page = render_page(replace(full_report(), n_videos=n_videos))
    told = "The first 2 of 10,000 videos are shown here"
    assert (told in Document(page).text) is is_told


@pytest.mark.parametrize("name", [HOSTILE, QUOTES], ids=["script", "quotes"])
def test_hostile_names_add_no_element_and_no_attribute(name: str) -> None:
    hostile, calm = (
        Document(render_page(full_report(name))),
        Document(render_page(full_report())),
    )
    assert hostile.tags == calm.tags
    assert [a[:2] for a in hostile.attributes] == [a[:2] for a in calm.attributes]
    assert hostile.scripts == calm.scripts
    assert name in hostile.text  # Shown to the reader as it is.


@pytest.mark.parametrize("name", ["jump", HOSTILE, QUOTES, "ジャンプ"])
def test_the_embedded_blocks_are_the_data(name: str) -> None:
    report = full_report(name)
    page = Document(render_page(report))
    assert page.blocks == [json.loads(json.dumps(video_payload(v))) for v in report.videos]


def test_the_page_asks_for_nothing_outside_itself() -> None:
    text = render_page(full_report())
    loading = {"src", "href", "srcset", "data", "poster", "action", "xlink:href"}
    assert not [a for a in Document(text).attributes if a[1] in loading]
    assert not re.search(r"@import|url\(|<link|<iframe|\bfetch\(|XMLHttpRequest|import\(", text)


def test_the_script_never_turns_text_into_markup() -> None:
    script = "".join(Document(render_page(full_report())).scripts)
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.search(forbidden, script)


def test_the_security_policy_names_exactly_the_inlined_script_and_style() -> None:
    page = Document(render_page(full_report()))
    policy = next(v for _, k, v in page.attributes if k == "content" and "default-src" in v)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for directive, (text,) in (("script-src", page.scripts), ("style-src", page.styles)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_numbers_and_words_are_on_the_page() -> None:
    text = Document(render_page(full_report())).text
    for words in (
        "30.0",
        "[20.0, 40.0]",
        "AP 50.0",
        "1 ground-truth segment, 2 predictions",
        "25.0",
    ):
        assert words in text
    assert "This video could not be read: cut jump." in text


def test_an_empty_report_says_what_is_missing() -> None:
    page = Document(render_page(Report("mine", "My videos")))
    assert "No metrics: there is no ground truth to compare with." in page.text
    assert "No videos." in page.text
    assert page.blocks == []


def test_missing_metrics_and_durations_are_dashes() -> None:
    metrics = [
        MetricRow("a", values={"average_mAP": math.nan}),
        MetricRow("b", values={"m": 1}),
    ]
    videos = [VideoReview("v", duration_s=math.nan)]
    page = Document(render_page(Report("d", "t", metrics=metrics, videos=videos)))
    assert page.text.count("\N{EN DASH}") == 4  # Three cells, one duration.
    assert "nan" not in page.text.lower()


def test_only_the_first_video_is_open() -> None:
    videos = [VideoReview(f"v{i}") for i in range(26)]
    attributes = Document(render_page(Report("d", "t", videos=videos))).attributes
    opened = [name for tag, name, _ in attributes if tag == "details" and name == "open"]
    assert len(opened) == 1


def test_file_names_that_are_not_unicode_can_still_be_written() -> None:
    page = render_page(Report("d", "t", videos=[VideoReview("caf\udce9.mp4")]))
    assert "caf?.mp4" in page.encode("utf-8").decode("utf-8")


def test_equal_input_gives_equal_pages() -> None:
    assert render_page(full_report()) == render_page(full_report())


@pytest.mark.parametrize("name", ["template.html.j2", "page.css", "page.js", "timeline.js"])
def test_files_of_the_page_are_part_of_the_package(name: str) -> None:
    text = files("zs_dagster.report").joinpath(name).read_text("utf-8")
    assert text.count("\n") <= 300
    assert name.endswith("j2") or "</" not in text  # Inlined as it is.
