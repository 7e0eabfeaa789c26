"""What cannot be loaded is refused in one sentence; what was loaded is named by digest."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from tests.hostile_safetensors import FEW, HOSTILE
from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.loading import load_scorer

ModelFolder = Callable[[str], Path]


@pytest.fixture
def folder(model_folder: ModelFolder, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(model_folder("llava_onevision"), tmp_path / "model"))


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path, metadata={"format": "pt"})


def edit_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model folder '.*nowhere' does not exist; give a"):
        load_scorer(tmp_path / "nowhere")


def test_an_id_that_is_not_in_the_cache_is_refused() -> None:
    with pytest.raises(ModelError, match=r"cannot load model 'nobody/no-such-model': "):
        load_scorer("nobody/no-such-model")


def test_a_model_of_the_hub_is_read_from_the_cache_and_named_by_commit(
    model_folder: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--somebody--model"
    (repository / "refs").mkdir(parents=True)
    prints = []
    for commit in ("a" * 40, "b" * 40):
        shutil.copytree(model_folder("llava_onevision"), repository / "snapshots" / commit)
        (repository / "refs" / "main").write_text(commit)
        prints.append(load_scorer("somebody/model").fingerprint)
    assert prints[0] != prints[1]
    assert load_scorer("somebody/model", revision="a" * 40).fingerprint == prints[0]
    assert load_scorer("somebody/model", revision="main").fingerprint == prints[1]


def test_a_device_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="device must hold the model, got 'abacus'"):
        load_scorer(folder, device="abacus")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot load model .*download it again"):
        load_scorer(tmp_path)


def test_broken_safetensors_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"cannot load model .*download it again"):
        load_scorer(folder)


@pytest.mark.parametrize("what", FEW)
def test_hostile_weights_are_refused_in_one_line(folder: Path, what: str) -> None:
    (folder / "model.safetensors").write_bytes(HOSTILE[what])
    with pytest.raises(ModelError, match=r"cannot load model .*download it again") as error:
        load_scorer(folder)
    assert len(str(error.value).splitlines()) == 1


def test_a_broken_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="cannot load model"):
        load_scorer(folder)


def test_weights_are_never_filled_in_at_random(folder: Path) -> None:
    name = "language_model.model.layers.1.mlp.up_proj.weight"
    change_weights(folder, lambda weights: weights.pop(name))
    with pytest.raises(
        ModelError, match=r"the files lack 1 of its weights \(first '.*layers\.1"
    ):
        load_scorer(folder)


def test_pickled_weights_are_never_read(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot load model"):
        load_scorer(folder)


def test_a_folder_has_no_revision(folder: Path) -> None:
    with pytest.raises(ModelError, match="revision is for models on the hub, got 'main'"):
        load_scorer(folder, revision="main")


def test_an_unknown_number_type_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"dtype must be one of \['float32', .*got 'int8'"):
        load_scorer(folder, dtype="int8")  # type: ignore[arg-type] # on purpose


@pytest.mark.parametrize("options", [{"mode": "naive"}, {"batch_frames": 2}, {"device": "cpu"}])
def test_speed_does_not_enter_the_fingerprint(folder: Path, options: dict[str, Any]) -> None:
    assert load_scorer(folder, **options).fingerprint == load_scorer(folder).fingerprint


@pytest.mark.parametrize("options", [{"tokens": "paper"}, {"dtype": "bfloat16"}])
def test_what_changes_a_score_enters_the_fingerprint(
    folder: Path, options: dict[str, Any]
) -> None:
    assert load_scorer(folder, **options).fingerprint != load_scorer(folder).fingerprint


def test_the_fingerprint_does_not_depend_on_the_place(
    folder: Path, model_folder: ModelFolder
) -> None:
    original = load_scorer(model_folder("llava_onevision"))
    assert load_scorer(str(folder)).fingerprint == original.fingerprint


def nudge(folder: Path) -> None:
    change_weights(folder, lambda weights: next(iter(weights.values())).view(-1)[:1].add_(1e-3))


def new_template(folder: Path) -> None:
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant", "helper"))


def new_pixels(folder: Path) -> None:
    path = folder / "processor_config.json"
    config = json.loads(path.read_text())
    config["image_processor"]["image_mean"] = [0.4, 0.4, 0.4]
    path.write_text(json.dumps(config))


def new_epsilon(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["text_config"]["rms_norm_eps"] = 1e-5
    path.write_text(json.dumps(config))


def new_letters(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    words = tokenizer["model"]["vocab"]
    words["Q"], words["Z"] = words["Z"], words["Q"]
    path.write_text(json.dumps(tokenizer), encoding="utf-8")


@pytest.mark.parametrize("change", [nudge, new_template, new_pixels, new_epsilon, new_letters])
def test_a_changed_model_has_another_fingerprint(
    folder: Path, change: Callable[[Path], None]
) -> None:
    before = load_scorer(folder).fingerprint
    change(folder)
    assert load_scorer(folder).fingerprint != before


def test_a_newer_library_alone_does_not_change_the_fingerprint(folder: Path) -> None:
    before = load_scorer(folder).fingerprint
    edit_json(folder / "config.json", transformers_version="99.0")
    assert load_scorer(folder).fingerprint == before
