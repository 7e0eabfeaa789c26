"""Profiles: the models that run together."""

from pathlib import Path

import pytest

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models import profiles
from zs_dagster.models.devices import choose_device
from zs_dagster.models.profiles import SHIPPED, load_profile

NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_parses_and_says_what_it_needs(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.description
    assert profile.clip.pretrained or profile.clip.model.startswith("local-dir:")


def test_weights_of_the_package_lie_in_the_package() -> None:
    profile = load_profile("demo")
    package = Path(profiles.__file__).parents[1]
    assert profile.clip.model == f"local-dir:{package}/demo/weights/clip"
    assert profile.lvlm.model == f"{package}/demo/weights/lvlm"


@pytest.mark.parametrize("name", ["zeall", "", "../shipped_profiles/demo"])
def test_an_unknown_profile_lists_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=f"must be one of {', '.join(NAMES)}, got '{name}'"):
        load_profile(name)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("clip: {model: a}\nlvlm: {model: b, dtype: int8}", "lvlm.dtype: Input should be"),
        ("clip: {model: a, modle: b}\nlvlm: {model: b}", "clip.modle: unknown key; correct or"),
        ("clipp: {model: a}\nlvlm: {model: b}", "clipp: unknown key; correct or remove it"),
        ("clip: {model: a}", "lvlm: Field required"),
    ],
)
def test_a_broken_profile_names_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, rule: str
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    monkeypatch.setattr(profiles, "SHIPPED", tmp_path)
    with pytest.raises(InputError, match=rf"mine\.yaml: {rule}"):
        load_profile("mine")


def test_auto_is_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    for has_gpu, expected in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda value=has_gpu: value)
        assert choose_device("auto") == expected
        assert choose_device("cpu") == "cpu"


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="device 'cuda:1' needs a CUDA GPU, found none; use"):
        choose_device("cuda:1")
