"""The bank: what one request encoded, every other one finds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zs_dagster.errors import StoreError
from zs_dagster.frame_features.bank import FeatureBank
from zs_dagster.store import Store


@pytest.fixture
def bank(tmp_path: Path) -> FeatureBank:
    return FeatureBank(Store(tmp_path), "video")


def feature(frame: int, crop: str) -> Any:  # noqa: ANN401 - an array
    return np.array([frame, len(crop), frame / 3], dtype=np.float32)


def fill(bank: FeatureBank, key: str, frames: list[int], *crops: str) -> None:
    encoded = {crop: np.stack([feature(frame, crop) for frame in frames]) for crop in crops}
    bank.save(key, np.array(frames), np.array(frames) / 25, encoded)


def test_an_empty_bank_lacks_everything(bank: FeatureBank) -> None:
    wanted = {"eval": np.array([0, 3]), "mid": np.array([1])}
    left = bank.missing(wanted)
    assert {crop: frames.tolist() for crop, frames in left.items()} == {
        "eval": [0, 3],
        "mid": [1],
    }
    assert not bank.has("request")


def test_a_request_finds_what_others_encoded(bank: FeatureBank) -> None:
    fill(bank, "one", [0, 3, 6], "eval")
    fill(bank, "two", [1, 3], "eval", "mid")
    wanted = {"eval": np.array([0, 1, 2, 3]), "mid": np.array([1, 3])}
    assert {c: f.tolist() for c, f in bank.missing(wanted).items()} == {"eval": [2]}
    found = bank.gather(np.array([6, 1, 6]), "eval")
    assert found.dtype == np.float16
    expected = np.stack([feature(frame, "eval") for frame in (6, 1, 6)])
    np.testing.assert_allclose(found, expected, rtol=5e-4)


def test_what_was_never_encoded_is_no_feature(bank: FeatureBank) -> None:
    fill(bank, "one", [0, 3], "eval")
    with pytest.raises(StoreError, match=r"crop 'mid' lack frame 0 \(2 of 2\); materialise"):
        bank.gather(np.array([0, 3]), "mid")
    with pytest.raises(StoreError, match=r"crop 'eval' lack frame 1 \(1 of 2\)"):
        bank.gather(np.array([0, 1]), "eval")


def test_banks_are_apart(bank: FeatureBank, tmp_path: Path) -> None:
    fill(bank, "one", [0], "eval")
    other = FeatureBank(Store(tmp_path), "another")
    assert not other.has("one")
    assert other.missing({"eval": np.array([0])})


def test_a_damaged_entry_is_encoded_again(bank: FeatureBank, tmp_path: Path) -> None:
    fill(bank, "one", [0], "eval")
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(b"damaged")
    assert bank.missing({"eval": np.array([0])})
