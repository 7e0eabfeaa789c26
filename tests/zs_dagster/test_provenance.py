"""A number says which code made it, and when."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zs_dagster import provenance


def test_the_commit_is_a_hash_or_unknown() -> None:
    provenance.git_commit.cache_clear()
    assert re.fullmatch(r"[0-9a-f]{12,40}(-dirty)?|unknown", provenance.git_commit())


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    provenance.git_commit.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert provenance.git_commit() == "unknown"
    provenance.git_commit.cache_clear()


def test_outside_a_checkout_the_commit_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provenance.git_commit.cache_clear()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance.git_commit() == "unknown"
    provenance.git_commit.cache_clear()


def test_the_time_is_now_in_utc() -> None:
    stated = datetime.fromisoformat(provenance.utc_now())
    assert stated.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - stated) < timedelta(hours=1)


def test_the_environment_names_what_can_change_a_number() -> None:
    found = provenance.environment()
    assert {"python", "machine", "numpy", "torch", "transformers", "av"} <= set(found)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("/home/me/weights/clip", "clip"),
        ("local-dir:/home/me/clip", "local-dir:clip"),
        ("~/clip", "clip"),
        ("./clip", "clip"),
        ("owner/name", "owner/name"),
        ("ViT-B-32", "ViT-B-32"),
    ],
)
def test_a_card_names_a_model_without_its_folder(place: str, shown: str) -> None:
    assert provenance.portable_name(place) == shown
