"""What memory is left."""

from pathlib import Path

import pytest

from zs_dagster.models import devices
from zs_dagster.models.devices import free_bytes


def test_free_memory_is_what_the_kernel_calls_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "meminfo"
    said.write_text("MemTotal: 2000 kB\nMemFree: 10 kB\nMemAvailable:    1500 kB\nHuge: 0\n")
    monkeypatch.setattr(devices, "_MEMORY", said)
    assert free_bytes("cpu") == 1500 * 1024


def test_where_nobody_says_a_small_machine_is_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_MEMORY", tmp_path / "nothing")
    assert free_bytes("cpu") == 2 << 30


def test_this_machine_has_some_memory_left() -> None:
    assert free_bytes("cpu") > 1 << 20
