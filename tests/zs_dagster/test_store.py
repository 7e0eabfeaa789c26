"""The store gives back what was put in, or says what to do."""

import re
from pathlib import Path

import numpy as np
import pytest

from zs_dagster.errors import StoreError
from zs_dagster.store import Store

KEY = "ab" + "0" * 30


def test_arrays_come_back_bit_for_bit(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    arrays = {
        "features": np.arange(12, dtype=np.float16).reshape(3, 4).T,
        "time_s": np.array([0.1, np.nan]),
        "empty": np.empty((0, 5), dtype=np.float32),
    }
    store.save_arrays("kind", KEY, arrays)
    loaded = store.load_arrays("kind", KEY)
    assert set(loaded) == set(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_an_entry_is_there_only_after_it_was_saved_and_under_its_kind(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not store.has_arrays("kind", KEY)
    store.save_arrays("kind", KEY, {"a": np.zeros(1)})
    assert store.has_arrays("kind", KEY)
    assert not store.has_arrays("other", KEY)
    assert store.path("kind", KEY, "json") == tmp_path / "store" / "kind" / "ab" / f"{KEY}.json"


def test_naming_a_store_creates_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not store.has_arrays("kind", KEY)
    assert store.load_document("kind", KEY) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 4, 40])
def test_a_truncated_entry_names_its_file_and_the_remedy(tmp_path: Path, kept: int) -> None:
    store = Store(tmp_path)
    store.save_arrays("kind", KEY, {"a": np.zeros(100)})
    path = store.path("kind", KEY, "safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    remedy = rf"entry kind/{KEY} .*delete '{re.escape(str(path))}' and run again to compute"
    with pytest.raises(StoreError, match=remedy):
        store.load_arrays("kind", KEY)


def test_a_missing_entry_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"store entry kind/{KEY} cannot be read"):
        Store(tmp_path).load_arrays("kind", KEY)


def test_documents_come_back_equal(tmp_path: Path) -> None:
    document = {"label": "Würfe", "parts": [1, 2.5, None, True]}
    Store(tmp_path).save_document("kind", KEY, document)
    assert Store(tmp_path).load_document("kind", KEY) == document


def test_a_document_with_nan_is_refused_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Store(tmp_path).save_document("kind", KEY, {"value": float("nan")})
    assert Store(tmp_path).load_document("kind", KEY) is None


@pytest.mark.parametrize("content", [b"", b'{"label": ', b"\xff\xfe"])
def test_a_broken_document_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path)
    store.save_document("kind", KEY, {"label": "a"})
    store.path("kind", KEY, "json").write_bytes(content)
    assert store.load_document("kind", KEY) is None
