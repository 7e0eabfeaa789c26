"""Names of others stay text where the Dagster UI renders Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assets.findings import check_results
from assets.markdown import picture, plain
from zs_dagster.datasets.lint import Finding
from zs_dagster.lines import one_line

HOSTILE = [
    "`tick` | pipe",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://127.0.0.1:9/x.png)",
    "<http://127.0.0.1:9>",
    "new\nline\n\n# head\n- item\n\n| a |\n|---|\n| b |",
    "**b** __c__ ~~d~~ \\*e\\* &lt;f&gt; &#60;g>",
    "[^1] [x]: /y",
]
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def rendered(text: str) -> list[tuple[str, str]]:
    """Return the kinds and contents of everything in Markdown, blocks and what is in them."""
    tokens = MARKDOWN.parse(text)
    inside = [one for token in tokens for one in token.children or ()]
    kinds = [token.type for token in tokens]
    assert kinds == ["paragraph_open", "inline", "paragraph_close"], kinds
    return [(token.type, token.content) for token in inside]


def is_text(said: str, expected: str) -> bool:
    found = rendered(said)
    return {kind for kind, _ in found} <= {"text", "text_special"} and expected == "".join(
        content for _, content in found
    )


@given(st.text() | st.sampled_from(HOSTILE) | st.text("\\`*_[]()<>&|~!#-=: a1;", max_size=12))
def test_any_name_is_shown_as_it_is(name: str) -> None:
    said = f"tiny: {one_line(name)}."
    assert is_text(plain(said), said)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_description_of_a_check_shows_names_as_they_are(name: str) -> None:
    finding = Finding("segment-past-end", "warning", (name,), "correct it")
    (result,) = check_results("tiny", ["segment-past-end"], [finding])
    expected = f"tiny: segment-past-end: 1 ({one_line(name)}); correct it"
    assert is_text(str(result.description), expected)
    assert len(expected.splitlines()) == 1
    assert result.metadata["examples"].value == [name]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_is_one_picture_whatever_its_title(name: str) -> None:
    ((kind, title),) = rendered(str(picture(b"png", name).value))
    assert kind == "image"
    assert title == "".join(c for c in title if c.isalnum() or c in " ._-")
