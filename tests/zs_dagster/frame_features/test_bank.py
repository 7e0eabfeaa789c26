"""The bank: what one request encoded, every other one finds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from zs_dagster.errors import StoreError
from zs_dagster.frame_features.bank import FeatureBank
from zs_dagster.store import Arrays, Store


@pytest.fixture
def bank(tmp_path: Path) -> FeatureBank:
    return FeatureBank(Store(tmp_path), "video")


def feature(time_s: float, crop: str) -> Any:  # noqa: ANN401 - an array
    return np.array([time_s, len(crop), time_s / 3], dtype=np.float32)


def fill(bank: FeatureBank, times: list[float], crop: str = "eval", key: str = "") -> None:
    encoded = np.stack([feature(time_s, crop) for time_s in times])
    bank.save(np.array(times), {crop: encoded}, key)


def test_an_empty_bank_lacks_everything(bank: FeatureBank) -> None:
    left = bank.missing({"eval": np.array([0.0, 0.3]), "mid": np.array([0.1])})
    assert {crop: times.tolist() for crop, times in left.items()} == {
        "eval": [0.0, 0.3],
        "mid": [0.1],
    }
    assert not bank.has("request")


def test_a_request_finds_what_others_encoded(bank: FeatureBank) -> None:
    fill(bank, [0.0, 0.3, 0.6])
    fill(bank, [0.1, 0.3])
    fill(bank, [0.1, 0.3], "mid")
    wanted = {"eval": np.array([0.0, 0.1, 0.2, 0.3]), "mid": np.array([0.1, 0.3])}
    assert {c: t.tolist() for c, t in bank.missing(wanted).items()} == {"eval": [0.2]}
    found = bank.gather(np.array([0.6, 0.1, 0.6]), "eval")
    assert found.dtype == np.float16
    expected = np.stack([feature(time_s, "eval") for time_s in (0.6, 0.1, 0.6)])
    np.testing.assert_allclose(found, expected, rtol=5e-4)


def test_a_frame_is_the_same_to_the_microsecond(bank: FeatureBank) -> None:
    fill(bank, [1 / 3])
    assert not bank.missing({"eval": np.array([1 / 3 + 1e-9])})
    assert bank.missing({"eval": np.array([1 / 3 + 2e-6])})


def test_a_named_entry_is_read_as_a_whole(bank: FeatureBank) -> None:
    fill(bank, [0.5, 1.5], key="fps")
    assert bank.has("fps")
    entry = bank.load("fps")
    assert entry["time_s"].tolist() == [0.5, 1.5]
    assert entry["eval"].shape == (2, 3)


def test_what_was_never_encoded_is_no_feature(bank: FeatureBank) -> None:
    fill(bank, [0.0, 0.3])
    with pytest.raises(StoreError, match=r"'mid' lack the frame at 0 s \(2 of 2\); mater"):
        bank.gather(np.array([0.0, 0.3]), "mid")
    with pytest.raises(StoreError, match=r"'eval' lack the frame at 0.1 s \(1 of 2\)"):
        bank.gather(np.array([0.0, 0.1]), "eval")


def test_banks_are_apart(bank: FeatureBank, tmp_path: Path) -> None:
    fill(bank, [0.0], key="one")
    other = FeatureBank(Store(tmp_path), "another")
    assert not other.has("one")
    assert other.missing({"eval": np.array([0.0])})


def test_a_damaged_entry_is_encoded_again(bank: FeatureBank, tmp_path: Path) -> None:
    fill(bank, [0.0])
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(b"damaged")
    assert bank.missing({"eval": np.array([0.0])})


def test_crops_of_the_same_frames_share_an_entry_that_is_read_once(tmp_path: Path) -> None:
    reads = []

    class Counting(Store):
        @override
        def load_arrays(self, kind: str, key: str) -> Arrays:
            reads.append(key)
            return super().load_arrays(kind, key)

    times, crops = np.array([0.0, 0.3]), ("first", "mid", "last")
    encoded = {crop: np.stack([feature(t, crop) for t in times]) for crop in crops}
    FeatureBank(Counting(tmp_path), "video").save(times, encoded)
    bank = FeatureBank(Counting(tmp_path), "video")
    assert bank.missing(dict.fromkeys(crops, times)) == {}
    for crop in crops:
        np.testing.assert_array_equal(
            bank.gather(times, crop), encoded[crop].astype(np.float16)
        )
    assert len(reads) == 1
