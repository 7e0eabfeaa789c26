"""Text of others stays on its line."""

from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.lines import one_line


def test_what_would_break_a_line_is_written_as_what_it_is() -> None:
    hostile = "run\nINFO all is well\r\t\x1b[2J\0\u2028\u202ekcab \udc80"
    expected = r"run\nINFO all is well\r\t\x1b[2J\x00\u2028\u202ekcab \udc80"
    assert one_line(hostile) == expected
    assert one_line("跳高, é, 🎬 | `a` <b>") == "跳高, é, 🎬 | `a` <b>"


@given(st.text())
def test_every_text_is_one_printable_line(text: str) -> None:
    found = one_line(text)
    assert found.isprintable()
    assert len(found.splitlines()) <= 1
    assert one_line(found) == found
