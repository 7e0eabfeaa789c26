"""What earlier runs measured, per model and device."""

from pathlib import Path

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.home import Home
from zs_dagster.models.throughput import device_name, frames_per_second, record


def test_runs_of_one_model_on_one_device_add_up(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert frames_per_second(home, "a", "GPU") is None
    record(home, "a", "GPU", frames=100, answers=600, seconds=10.0)
    record(home, "a", "GPU", frames=20, answers=20, seconds=20.0)
    record(home, "a", "CPU", frames=1, answers=1, seconds=1.0)
    record(home, "b", "GPU", frames=7, answers=7, seconds=1.0)
    assert frames_per_second(home, "a", "GPU") == pytest.approx(4.0)
    assert frames_per_second(home, "a", "CPU") == pytest.approx(1.0)
    assert frames_per_second(home, "b", "GPU") == pytest.approx(7.0)


def test_a_run_without_work_says_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record(home, "a", "GPU", frames=0, answers=0, seconds=3.0)
    record(home, "a", "GPU", frames=3, answers=3, seconds=0.0)
    assert frames_per_second(home, "a", "GPU") is None
    assert not list(tmp_path.rglob("*.json"))


def test_a_device_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert device_name("cpu") == f"CPU, {torch.get_num_threads()} threads"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="needs a CUDA GPU, found none"):
        device_name("cuda")
