"""The classification page is one inert, self-contained document, whatever the names are."""

import base64
import hashlib
import re
from importlib.resources import files

import pytest

from tests.zs_dagster.report.classification.pages import PNG, Document, bare_report, full_report
from zs_dagster.report.classification.data import Clip
from zs_dagster.report.classification.page import classification_page

SCRIPT = "</script><script>alert(1)</script>"
QUOTES = "\"'><svg onload=alert(1)>{{ 7*7 }}<!--\u2028"
RIGHT_TO_LEFT = "\u202eقفز"


@pytest.mark.parametrize(
    "name", [SCRIPT, QUOTES, RIGHT_TO_LEFT], ids=["script", "quote", "rtl"]
)
@pytest.mark.parametrize("k", [0, 70], ids=["table", "pairs"])
def test_hostile_names_add_no_element_and_no_attribute(name: str, k: int) -> None:
    more = [f"{i}" for i in range(k)]
    hostile = Document(classification_page(full_report(name, more)))
    calm = Document(classification_page(full_report(more=more)))
    assert hostile.tags == calm.tags
    assert [a[:2] for a in hostile.attributes] == [a[:2] for a in calm.attributes]
    assert hostile.inlined == calm.inlined
    assert name in hostile.text  # Shown to the reader as it is.


@pytest.mark.parametrize("name", [SCRIPT, QUOTES], ids=["script", "quote"])
def test_hostile_names_of_clips_without_frames_add_nothing(name: str) -> None:
    def listed(text: str) -> Document:
        clip = Clip(text, text, None, text, [1.0], {text: [(text, 0.5)], f"{text} b": []})
        return Document(classification_page(bare_report([clip] * 201)))

    hostile, calm = listed(name), listed("jump")
    assert hostile.tags == calm.tags
    assert [a[:2] for a in hostile.attributes] == [a[:2] for a in calm.attributes]


def test_a_label_cannot_turn_the_direction_of_the_words_around_it() -> None:
    page = classification_page(full_report(RIGHT_TO_LEFT))
    assert f"<bdi>zar {RIGHT_TO_LEFT}</bdi></b> has 1.0 points more than" in page


def test_the_page_asks_for_nothing_outside_itself() -> None:
    page = classification_page(full_report())
    loading = {"src", "href", "srcset", "data", "poster", "action", "xlink:href"}
    found = [a for a in Document(page).attributes if a[1] in loading]
    assert found == [("img", "src", f"data:image/png;base64,{base64.b64encode(PNG).decode()}")]
    assert not re.search(r"https?:|@import|url\(|<link|<iframe|\bfetch\(|import\(", page)
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", page)


def test_the_security_policy_names_exactly_the_inlined_script_and_style() -> None:
    page = Document(classification_page(full_report()))
    policy = next(v for _, k, v in page.attributes if k == "content" and "default-src" in v)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not [a for a in page.attributes if a[1] == "style"]  # The policy would drop it.
    for kind, (text,) in page.inlined.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_names_that_are_not_unicode_can_still_be_written() -> None:
    page = classification_page(bare_report([Clip("caf\udce9.mp4", None, None, "", [], {})]))
    assert "caf?.mp4" in page.encode("utf-8").decode("utf-8")


def test_equal_input_gives_equal_pages() -> None:
    assert classification_page(full_report()) == classification_page(full_report())


@pytest.mark.parametrize(
    "name",
    [
        "template.html.j2",
        "method.html.j2",
        "clips.html.j2",
        "parts.html.j2",
        "page.css",
        "page.js",
    ],
)
def test_files_of_the_page_are_part_of_the_package(name: str) -> None:
    folder = files("zs_dagster.report.classification")
    text = folder.joinpath(name).read_text("utf-8")
    assert text.count("\n") <= 300
    assert name.endswith("j2") or "</" not in text  # Inlined as it is.
