"""Weights come whole, without code or pickle, once; from a real HTTP server on this machine."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models.check import check_profile
from zs_dagster.models.downloads import pull
from zs_dagster.models.estimate import fingerprint_here
from zs_dagster.models.loading import Models
from zs_dagster.models.profiles import load_profile
from zs_dagster.models.weights import missing_weights

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.conftest import Hub

REPO = "someone/tiny"
SAFE = "open_clip_model.safetensors"
CLIP = "timm/ViT-B-16-SigLIP2"
OWN = f"clip: {{model: package:demo/weights/clip}}\nlvlm: {{model: {REPO}, dtype: float32}}"
LIKE_LIGHT = f"clip: {{model: ViT-B-16-SigLIP2, pretrained: webli}}\nlvlm: {{model: {REPO}}}"
WriteProfile = Callable[[Path, str, str], None]


def publish(hub: "Hub") -> None:
    hub.add_folder(REPO, Path(load_profile("demo").lvlm.model))
    hub.files[REPO] |= {
        "modeling_tiny.py": b"raise SystemExit",
        "pytorch_model.bin": b"pickle",
        "onnx/config.json": b"{}",
    }


def test_a_pulled_model_loads_without_the_hub_and_passes_its_check(
    hub: "Hub", tiny: "TinyHome", write_profile: WriteProfile
) -> None:
    publish(hub)
    write_profile(tiny.root, "own", OWN)
    assert missing_weights("own") == [REPO]
    assert fingerprint_here("own") is None
    assert hub.asked == []
    with pytest.raises(ModelError, match=r"'own' lacks someone/tiny; .*models pull own"):
        check_profile("own", "cpu")

    (found,) = pull("own")
    shipped = Path(load_profile("demo").lvlm.model)
    assert {path.name for path in found.folder.iterdir()} == {p.name for p in shipped.iterdir()}
    assert found.size_bytes == sum(path.stat().st_size for path in shipped.iterdir())
    assert hub.fetched() == {path.name for path in shipped.iterdir()}
    assert missing_weights("own") == []

    hub.asked.clear()
    assert pull("own") == [found]
    assert hub.fetched() == set()
    assert fingerprint_here("own") == Models().lvlm_fingerprint("own")
    assert fingerprint_here("own") is not None
    hub.asked.clear()
    checked = check_profile("own", "cpu")
    assert (checked.mode, checked.clip_width) == ("two-step", 64)
    assert checked.mode_reason is not None
    assert checked.mode_reason.startswith("two-step agrees with naive")
    assert checked.mass is not None
    assert 0.9 < checked.mass <= 1
    assert hub.asked == []


def test_an_interrupted_download_is_completed(
    hub: "Hub", tiny: "TinyHome", write_profile: WriteProfile
) -> None:
    publish(hub)
    write_profile(tiny.root, "own", OWN)
    hub.lost = {"model.safetensors"}
    with pytest.raises(ModelError, match="cannot download 'someone/tiny': "):
        pull("own")
    hub.lost.clear()
    hub.asked.clear()
    pull("own")
    assert "model.safetensors" in hub.fetched()
    assert len(hub.fetched()) < len(hub.files[REPO])
    hub.asked.clear()
    pull("own")
    assert hub.fetched() == set()


def test_a_repository_without_weights_is_refused(
    hub: "Hub", tiny: "TinyHome", write_profile: WriteProfile
) -> None:
    publish(hub)
    del hub.files[REPO]["model.safetensors"]
    write_profile(tiny.root, "own", OWN)
    with pytest.raises(ModelError, match=r"must hold model\.safetensors or .*, got neither"):
        pull("own")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((SAFE, "open_clip_pytorch_model.bin"), SAFE),
        (("open_clip_pytorch_model.bin",), "open_clip_pytorch_model.bin"),
    ],
)
def test_clip_comes_as_safetensors_where_there_are_any(
    hub: "Hub",
    tiny: "TinyHome",
    write_profile: WriteProfile,
    files: tuple[str, ...],
    expected: str,
) -> None:
    publish(hub)
    hub.files[CLIP] = dict.fromkeys((*files, "tokenizer.json", "README.md"), b"1234")
    write_profile(tiny.root, "own", LIKE_LIGHT)
    clip, lvlm = pull("own")
    assert (clip.repository, lvlm.repository) == (CLIP, REPO)
    names = {path.name for path in clip.folder.iterdir()}
    assert names == {expected, "tokenizer.json"}
    assert missing_weights("own") == []


@pytest.mark.usefixtures("tiny")
def test_what_the_hub_does_not_have_is_one_line(hub: "Hub") -> None:
    with pytest.raises(ModelError, match=r"cannot download 'timm/ViT-B-16-SigLIP2': .*HF_HOME"):
        pull("light")
    assert hub.asked


def test_the_demo_needs_no_download(hub: "Hub") -> None:
    assert pull("demo") == []
    assert hub.asked == []
