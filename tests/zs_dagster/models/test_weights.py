"""Which weights are here: told from the files of the hub's cache, without loading or asking."""

from pathlib import Path

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models import weights
from zs_dagster.models.loading import Models
from zs_dagster.models.profiles import Clip, Lvlm, LvlmServer, Profile
from zs_dagster.models.weights import (
    best_profile_here,
    how_to_get_weights,
    missing_weights,
    repositories,
)

LIGHT = {
    "timm/ViT-B-16-SigLIP2": "open_clip_model.safetensors",
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": "model.safetensors.index.json",
}
EVA = "timm/eva02_enormous_patch14_plus_clip_224.laion2b_s9b_b144k"
ZEAL = {
    EVA: "open_clip_model.safetensors",
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": "model.safetensors.index.json",
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def download(cache: Path, repo: str, file: str) -> None:
    """Lay a repository out as the hub's client does."""
    folder = cache / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0123abc")
    (folder / "snapshots" / "0123abc").mkdir(parents=True)
    (folder / "snapshots" / "0123abc" / file).write_text("{}")


def test_shipped_weights_are_always_here() -> None:
    assert missing_weights("demo") == []
    assert how_to_get_weights("demo") == "all weights are here"


def test_what_is_missing_comes_with_the_command_that_gets_it(cache: Path) -> None:
    assert missing_weights("light") == list(LIGHT)
    repo, file = next(iter(LIGHT.items()))
    download(cache, repo, file)
    other = list(LIGHT)[1]
    assert missing_weights("light") == [other]
    assert how_to_get_weights("light") == "zs-dagster models pull light"
    download(cache, other, LIGHT[other])
    assert how_to_get_weights("light") == "all weights are here"


@pytest.mark.parametrize(
    ("here", "gpu_gb", "best"),
    [
        ((), 80, None),
        ((LIGHT,), 0, "light"),
        ((LIGHT, ZEAL), 80, "zeal"),
        ((LIGHT, ZEAL), 24, "light"),
        ((LIGHT, ZEAL), 0, "light"),
        ((ZEAL,), 0, None),
        ((ZEAL,), 24, None),
    ],
)
def test_the_best_profile_is_the_best_that_can_run(
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    here: tuple[dict[str, str], ...],
    gpu_gb: float,
    best: str | None,
) -> None:
    monkeypatch.setattr(weights, "has_gpu", lambda: gpu_gb > 0)
    monkeypatch.setattr(weights, "gpu_memory_gb", lambda: gpu_gb)
    for repo, file in {k: v for group in here for k, v in group.items()}.items():
        download(cache, repo, file)
    assert best_profile_here() == best


def test_servers_and_folders_need_nothing_of_the_hub(tmp_path: Path) -> None:
    clip = Clip(model="local-dir:somewhere")
    server = LvlmServer(base_url="http://127.0.0.1:9/v1")
    assert repositories(Profile(name="a", clip=clip, lvlm=server)) == []
    for folder in (str(tmp_path), "./weights", "~/weights"):
        assert repositories(Profile(name="a", clip=clip, lvlm=Lvlm(model=folder))) == []
    (hub,) = repositories(Profile(name="a", clip=clip, lvlm=Lvlm(model="a/b", revision="c")))
    assert (hub.name, hub.revision) == ("a/b", "c")


def test_a_tokenizer_of_another_repository_is_needed_too() -> None:
    clip = Clip(model="ViT-H-14-CLIPA", pretrained="datacomp1b")
    profile = Profile(name="a", clip=clip, lvlm=LvlmServer(base_url="http://127.0.0.1:9/v1"))
    weights_of, tokenizer = repositories(profile)
    assert weights_of.weights[0] == "open_clip_model.safetensors"
    assert tokenizer.name == "bert-base-uncased"


def test_weights_that_cannot_be_had_say_how_to_get_them() -> None:
    for load in (Models("cpu").clip, Models("cpu").scorer, Models("cpu").lvlm_fingerprint):
        with pytest.raises(
            ModelError,
            match=r"the weights of profile 'light' must be here or on a hub that can be "
            r"reached, found no .*HuggingFaceTB/SmolVLM2-2\.2B-Instruct.*models pull light",
        ):
            load("light")
