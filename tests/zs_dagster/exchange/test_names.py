"""File names of clips and lists."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from zs_dagster.exchange.names import MAX_LENGTH, safe_name


def test_a_plain_name_stays_and_another_carries_a_digest() -> None:
    assert safe_name("high_jump-2.b") == "high_jump-2.b"
    assert re.fullmatch(r"etc_passwd-[0-9a-f]{8}", safe_name("../etc/passwd"))


@example("", ":.")
@given(st.text(), st.text())
def test_names_are_safe_and_differ_as_the_texts_do(one: str, other: str) -> None:
    names = [safe_name(one), safe_name(other)]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)
    assert all(not name.startswith((".", "-")) for name in names)
    assert all(len(name) <= MAX_LENGTH + 9 for name in names)
    assert (names[0].lower() == names[1].lower()) == (one == other)
