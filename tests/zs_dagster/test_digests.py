"""Digests name content, not the way it was written down."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.digests import CHUNK_BYTES, ListDigest, digest, file_digest, folder_digest

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(values: dict[str, object]) -> None:
    assert digest(values) == digest(dict(reversed(values.items())))


def test_the_order_of_parts_and_their_borders_matter() -> None:
    parts = [
        ("a", "b"),
        ("b", "a"),
        ("ab",),
        ("a", "b", ""),
        (["a", "b"],),
        ("a", 1),
        ("a", "1"),
    ]
    assert len({digest(*each) for each in parts}) == len(parts)


@given(st.lists(JSON, max_size=4))
def test_a_list_has_one_digest_whole_or_item_by_item(items: list[object]) -> None:
    whole = ListDigest()
    for item in items:
        whole.add(item)
        whole.value()  # Asking in between changes nothing.
    assert whole.value() == digest(items)


def test_a_digest_is_the_same_in_another_process() -> None:
    code = "from zs_dagster.digests import digest; print(digest('ä', {'b': 1.5, 'a': None}))"
    seeded = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert seeded == [digest("ä", {"a": None, "b": 1.5})] * 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest("kind", {"value": value})


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", Path("file")])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        digest(value)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_a_file_digest_is_that_of_all_bytes_whatever_the_name(
    tmp_path: Path, size: int
) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    for name in ("a.bin", "b.bin"):
        (tmp_path / name).write_bytes(content)
    expected = hashlib.blake2b(content, digest_size=16).hexdigest()
    assert file_digest(tmp_path / "a.bin") == file_digest(tmp_path / "b.bin") == expected


def test_the_last_byte_of_a_large_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"\0" * (CHUNK_BYTES + 5))
    before = file_digest(path)
    path.write_bytes(b"\0" * (CHUNK_BYTES + 4) + b"\1")
    assert file_digest(path) != before


def test_a_folder_digest_sees_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = {folder_digest(tmp_path)}
    (tmp_path / "a").write_text("2")
    seen.add(folder_digest(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(folder_digest(tmp_path))
    (tmp_path / "c").touch()
    seen.add(folder_digest(tmp_path))
    assert len(seen) == 4
