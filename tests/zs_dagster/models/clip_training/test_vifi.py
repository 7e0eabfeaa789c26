"""Import of checkpoints in the layout of ViFi-CLIP, written here from a small model."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.clip import OpenClipEncoder, clip_fingerprint
from zs_dagster.models.clip_training.base import Base, load_base
from zs_dagster.models.clip_training.vifi import import_vifi

Load = Callable[[], Base]
Weights = dict[str, torch.Tensor]
TEXTS = ["a red ball", "a blue square"]
FRAMES = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)


def tuned(base: Base) -> Weights:
    """Return weights that differ from the base everywhere but in the token embedding."""
    torch.manual_seed(1)
    return {
        name: tensor
        if name == "token_embedding.weight"
        else tensor + 0.1 * torch.randn_like(tensor)
        for name, tensor in base.network.state_dict().items()
    }


def vifi_layout(weights: Weights, base: Base, prefix: str = "module.") -> Weights:
    """Rename as the training script of ViFi-CLIP has it; the token embedding is not kept."""
    found: Weights = {}
    for name, tensor in weights.items():
        if name.startswith("visual."):
            found[prefix + "image_encoder." + name.removeprefix("visual.")] = tensor
        elif name == "logit_scale":
            found[prefix + name] = tensor
        elif name != "token_embedding.weight":
            found[prefix + "text_encoder." + name] = tensor
    prompts = base.network.token_embedding(base.tokenize(TEXTS)).detach()
    found[prefix + "prompt_learner.complete_text_embeddings"] = prompts.half()
    return found


def saved(path: Path, content: Any) -> Path:  # noqa: ANN401 - anything may be in a file
    torch.save(content, path)
    return path


def features(folder: Path) -> list[np.ndarray]:
    encoder = OpenClipEncoder(f"local-dir:{folder}", device="cpu")
    return [encoder.encode_frames(FRAMES), encoder.encode_texts(TEXTS)]


@pytest.mark.parametrize("kind", ["tiny_folder", "openai_folder"])
@pytest.mark.parametrize("prefix", ["module.", ""])
def test_a_round_trip_gives_identical_features(
    request: pytest.FixtureRequest, tmp_path: Path, prefix: str, kind: str
) -> None:
    folder = request.getfixturevalue(kind)

    def base() -> Base:
        return load_base(f"local-dir:{folder}", None, "cpu")

    model = base()
    weights = tuned(model)
    checkpoint = saved(tmp_path / "vifi.pth", {"model": vifi_layout(weights, model, prefix)})
    report = import_vifi(checkpoint, base(), tmp_path / "imported")
    model.network.load_state_dict(weights)
    encoder = OpenClipEncoder(f"local-dir:{tmp_path / 'imported'}", device="cpu")
    encoder_features = [encoder.encode_frames(FRAMES), encoder.encode_texts(TEXTS)]
    images = next(encoder._pixels.prepare(FRAMES, ["eval"], "cpu"))
    with torch.no_grad():
        expected = [
            model.network.encode_image(images),
            model.network.encode_text(model.tokenize(TEXTS)),
        ]
    for ours, theirs in zip(encoder_features, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs.numpy())
    assert report.dropped == ("prompt_learner.complete_text_embeddings",)
    assert report.from_base == ("token_embedding.weight",)
    assert set(report.used.values()) | set(report.from_base) == set(weights)
    record = json.loads((tmp_path / "imported" / "training.json").read_text())
    assert record["used"] == report.used
    assert record["from_base"] == ["token_embedding.weight"]


def test_the_settings_and_optimizer_of_the_script_do_no_harm(
    base: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = base()
    weights = vifi_layout(tuned(model), model)
    plain = saved(tmp_path / "plain.pth", {"model": weights})
    # As yacs has it: a dictionary with attributes, pickled under that name.
    settings = type("CfgNode", (dict,), {"__module__": "yacs.config"})
    module = ModuleType("yacs.config")
    module.CfgNode = settings  # type: ignore[attr-defined] # made up here
    monkeypatch.setitem(sys.modules, "yacs", ModuleType("yacs"))
    monkeypatch.setitem(sys.modules, "yacs.config", module)
    node = settings(EPOCHS=30, TRAIN=settings(LR=8e-6))
    node.__dict__["__immutable__"] = True
    content = {"model": weights, "config": node, "epoch": 9, "max_accuracy": 76.4}
    full = saved(tmp_path / "full.pth", content)
    monkeypatch.undo()
    for path in (plain, full):
        import_vifi(path, base(), tmp_path / path.stem)
    for one, other in zip(
        features(tmp_path / "plain"), features(tmp_path / "full"), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("place", ["token_embedding.", "text_encoder.token_embedding."])
@pytest.mark.parametrize("in_learner", [False, True])
def test_a_token_embedding_in_the_checkpoint_is_used(
    base: Load, tmp_path: Path, place: str, in_learner: bool
) -> None:
    model = base()
    weights = vifi_layout(tuned(model), model, "")
    del weights["prompt_learner.complete_text_embeddings"]
    name = ("prompt_learner.token_embedding." if in_learner else place) + "weight"
    weights[name] = model.network.token_embedding.weight.detach() + 1
    report = import_vifi(saved(tmp_path / "c.pth", weights), base(), tmp_path / "out")
    assert report.used[name] == "token_embedding.weight"
    assert report.from_base == report.dropped == ()
    loaded = OpenClipEncoder(f"local-dir:{tmp_path / 'out'}", device="cpu")._model
    assert torch.equal(loaded.token_embedding.weight, weights[name])


def test_the_norm_of_imagenet_is_written_and_used(base: Load, tmp_path: Path) -> None:
    model = base()
    checkpoint = saved(tmp_path / "vifi.pth", {"model": vifi_layout(tuned(model), model)})
    for norm in ("base", "imagenet"):
        import_vifi(checkpoint, base(), tmp_path / norm, norm=norm)
    config = json.loads((tmp_path / "imagenet" / "open_clip_config.json").read_text())
    assert config["preprocess_cfg"]["mean"] == [0.485, 0.456, 0.406]
    assert config["preprocess_cfg"]["std"] == [0.229, 0.224, 0.225]
    plain, other = (features(tmp_path / norm) for norm in ("base", "imagenet"))
    assert not np.allclose(plain[0], other[0])
    np.testing.assert_array_equal(plain[1], other[1])
    prints = {clip_fingerprint(f"local-dir:{tmp_path / n}", None) for n in ("base", "imagenet")}
    assert len(prints) == 2


def without(name: str) -> Callable[[Weights], object]:
    return lambda weights: weights.pop(name)


def other(name: str, tensor: torch.Tensor) -> Callable[[Weights], object]:
    return lambda weights: weights.update({name: tensor})


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (
            without("module.image_encoder.proj"),
            "the checkpoint lacks visual.proj; nothing was imported",
        ),
        (
            without("module.text_encoder.ln_final.bias"),
            "the checkpoint lacks ln_final.bias; nothing was imported",
        ),
        (
            without("module.logit_scale"),
            "the checkpoint lacks logit_scale; nothing was imported",
        ),
        (
            other("module.image_encoder.VPT", torch.zeros(2)),
            "the base has no place for image_encoder.VPT; give another --base",
        ),
        (
            other("module.image_encoder.proj", torch.zeros(3, 5)),
            "weights must have the shapes of the base, got image_encoder.proj (3, 5) instead",
        ),
        (
            other("module.logit_scale", torch.tensor(float("nan"))),
            "weights must be finite, got NaN or infinity in logit_scale",
        ),
        (
            other("module.prompt_learner.complete_text_embeddings", torch.zeros(2, 24, 16)),
            "the checkpoint was trained with another token embedding than that of the base",
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_name(
    base: Load, tmp_path: Path, spoil: Callable[[Weights], object], rule: str
) -> None:
    model = base()
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    weights = vifi_layout(tuned(model), model)
    spoil(weights)
    with pytest.raises(ModelError) as caught:
        import_vifi(saved(tmp_path / "vifi.pth", {"model": weights}), model, tmp_path / "out")
    assert str(caught.value).startswith(rule)
    assert [path.name for path in tmp_path.iterdir()] == ["vifi.pth"]
    after = model.network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_many_missing_weights_are_counted(base: Load, tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "vifi.pth", {"logit_scale": torch.tensor(1.0)})
    with pytest.raises(ModelError, match=r"lacks ln_final.bias, .* and \d+ more; nothing"):
        import_vifi(checkpoint, base(), tmp_path / "out")


class Trap:
    """Runs when it is unpickled without care."""

    def __reduce__(  # type: ignore[explicit-override] # typing.override is of 3.12
        self,
    ) -> tuple[Any, ...]:
        return (Path.touch, (Path("sprung"),))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"model": {}, "config": Trap()}, "must hold weights and plain values alone: "),
        ({"model": {}}, "holds no weights by name, at the top or in `model`"),
        ([1, 2], "holds no weights by name, at the top or in `model`"),
        (b"no checkpoint", "must hold weights and plain values alone: "),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_and_never_run(
    base: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, rule: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        saved(path, content)
    with pytest.raises(ModelError) as caught:
        import_vifi(path, base(), tmp_path / "out")
    assert rule in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file.pth"]


def test_bad_arguments_are_refused(base: Load, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"checkpoint must be a file, got '.*none.pth'"):
        import_vifi(tmp_path / "none.pth", base(), tmp_path / "out")
    with pytest.raises(InputError, match="--norm must be base or imagenet, got 'x'"):
        import_vifi(tmp_path / "none.pth", base(), tmp_path / "out", norm="x")
    with pytest.raises(InputError, match="--out must be a new folder"):
        import_vifi(saved(tmp_path / "some.pth", {}), base(), tmp_path)
