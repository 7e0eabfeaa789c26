"""The store gives back what was put in, or says what to do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tests.hostile_safetensors import HOSTILE, HOSTILE_TO_NUMPY
from zs_dagster.digests import arrays_digest, file_digest
from zs_dagster.errors import DamagedEntryError, StoreError
from zs_dagster.store import DIGEST, Arrays, Store, read_arrays

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


@pytest.mark.parametrize("what", HOSTILE | HOSTILE_TO_NUMPY)
def test_a_hostile_file_is_a_damaged_entry(tmp_path: Path, what: str) -> None:
    store, content = Store(tmp_path), (HOSTILE | HOSTILE_TO_NUMPY)[what]
    path = store.path("kind", KEY, "safetensors")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert list(store.damaged()) == [path]
    with pytest.raises(DamagedEntryError) as error:
        store.load_arrays("kind", KEY)
    assert str(error.value).startswith(f"store entry kind/{KEY} is damaged (")
    assert len(str(error.value).splitlines()) == 1


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_whatever_is_changed_in_a_file_is_noticed(tmp_path: Path, data: st.DataObject) -> None:
    path, arrays = tmp_path / "entry.safetensors", {"a": np.arange(5.0), "b": np.ones(2, "i4")}
    save_file(arrays, path, {DIGEST: arrays_digest(arrays)})
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(min_size=1, max_size=9))
    path.write_bytes(whole[:start] + put + whole[start + len(put) :])
    try:
        found = read_arrays(path)
    except ValueError:
        return
    # What is read is what was written, whatever else the header says.
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("kept", [0, 4, 40, -1])
def test_a_truncated_entry_is_set_aside_and_counts_as_absent(tmp_path: Path, kept: int) -> None:
    store = Store(tmp_path)
    store.save_arrays("kind", KEY, {"a": np.zeros(100)})
    path = store.path("kind", KEY, "safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    aside = path.with_name(f"{KEY}.safetensors.damaged")
    told = rf"entry kind/{KEY} is damaged .*'{re.escape(str(aside))}', run again to compute"
    with pytest.raises(DamagedEntryError, match=told):
        store.load_arrays("kind", KEY)
    assert not store.has_arrays("kind", KEY)
    assert store.keys("kind") == []
    assert aside.is_file()
    store.save_arrays("kind", KEY, {"a": np.ones(1)})
    assert store.load_arrays("kind", KEY)["a"].tolist() == [1.0]


def flipped(whole: bytes) -> Iterator[bytes]:
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        yield bytes(damaged)


def test_a_flipped_bit_of_any_byte_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    arrays: Arrays = {"p_yes": np.ones(2, np.float32), "half": np.zeros((0, 2), np.float16)}
    store.save_arrays("kind", KEY, arrays)
    store.save_document("kind", KEY, {"label": "Würfe", "parts": [1, 2.5, None]})
    assert list(store.damaged()) == []
    for path in store.files():
        whole = path.read_bytes()
        for damaged in flipped(whole):
            path.write_bytes(damaged)
            assert list(store.damaged()) == [path]
        path.write_bytes(whole)
    assert len(store.files()) == 2
    assert list(store.damaged()) == []


def test_entries_of_older_versions_without_a_digest_are_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    arrays, document = (store.path("kind", KEY, kind) for kind in ("safetensors", "json"))
    arrays.parent.mkdir(parents=True)
    save_file({"a": np.ones(2)}, arrays)
    document.write_text(json.dumps({"label": "old"}, indent=1))
    assert store.load_arrays("kind", KEY)["a"].tolist() == [1.0, 1.0]
    assert store.load_document("kind", KEY) == {"label": "old"}
    assert list(store.damaged()) == []


def test_a_changed_copy_of_a_table_is_noticed(tmp_path: Path) -> None:
    path = Store(tmp_path).path("snapshots", KEY, "parquet")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"some rows")
    path.rename(kept := path.with_stem(file_digest(path)))
    assert list(Store(tmp_path).damaged()) == []
    kept.write_bytes(b"some cows")
    assert list(Store(tmp_path).damaged()) == [kept]


def test_an_entry_that_cannot_be_moved_is_refused_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.save_arrays("kind", KEY, {"a": np.zeros(1)})
    path = store.path("kind", KEY, "safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    # Root may rename anything, except on a file system that is read-only.
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
    for _ in range(2):
        with pytest.raises(DamagedEntryError, match=rf"lies at '{re.escape(str(path))}'"):
            store.load_arrays("kind", KEY)


def test_a_missing_entry_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"store entry kind/{KEY} cannot be read"):
        Store(tmp_path).load_arrays("kind", KEY)


def test_documents_come_back_equal(tmp_path: Path) -> None:
    document = {"label": "Würfe", "parts": [1, 2.5, None, True]}
    Store(tmp_path).save_document("kind", KEY, document)
    assert Store(tmp_path).load_document("kind", KEY) == document
    assert Store(tmp_path).read_document("kind", KEY) == document


def test_a_document_with_nan_is_refused_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Store(tmp_path).save_document("kind", KEY, {"value": float("nan")})
    assert Store(tmp_path).load_document("kind", KEY) is None


@pytest.mark.parametrize("content", [b"", b'{"label": ', b"\xff\xfe"])
def test_a_broken_document_is_set_aside_and_counts_as_absent(
    tmp_path: Path, content: bytes
) -> None:
    store = Store(tmp_path)
    store.save_document("kind", KEY, {"label": "a"})
    store.path("kind", KEY, "json").write_bytes(content)
    assert store.load_document("kind", KEY) is None
    assert [path.name for path in tmp_path.rglob("*.*")] == [f"{KEY}.json.damaged"]


def test_a_damaged_document_that_is_needed_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save_document("kind", KEY, {"classes": ["run"]})
    path = store.path("kind", KEY, "json")
    path.write_text(path.read_text().replace("run", "sun"))
    with pytest.raises(DamagedEntryError, match="another digest than when it was written"):
        store.read_document("kind", KEY)
    with pytest.raises(StoreError, match=f"store entry kind/{KEY} cannot be read"):
        store.read_document("kind", KEY)
