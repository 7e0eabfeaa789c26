"""`zs-dagster import-clip`, on a checkpoint written from the shipped demo CLIP."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.profiles import load_profile

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


def test_a_checkpoint_becomes_a_folder(cli: "Cli", tmp_path: Path) -> None:
    model = load_profile("demo").clip.model
    network = OpenClipEncoder(model, device="cpu")._model
    weights = {
        (
            f"image_encoder.{name.removeprefix('visual.')}"
            if name.startswith("visual.")
            else name
            if name == "logit_scale"
            else f"text_encoder.{name}"
        ): tensor + 0.01
        for name, tensor in network.state_dict().items()
        if name != "token_embedding.weight"
    }
    path, out = tmp_path / "vifi.pth", tmp_path / "clip"
    torch.save({"model": weights}, path)
    ended = cli("import-clip", path, "--base", model, "--out", out, "--norm", "imagenet")
    assert ended.status == 0, ended.err
    assert ended.out.splitlines()[:3] == [
        f"used       {len(weights)} weights",
        "dropped    none",
        "from base  token_embedding.weight",
    ]
    loaded = OpenClipEncoder(f"local-dir:{out}", device="cpu")._model
    assert torch.equal(loaded.visual.proj, weights["image_encoder.proj"])


@pytest.mark.parametrize(
    ("arguments", "status", "rule"),
    [
        (("none.pth", "--base", "x"), 2, "checkpoint must be a file, got 'none.pth'"),
        (
            ("text.pth", "--base", "x", "--norm", "y"),
            2,
            "--norm must be base or imagenet, got 'y'",
        ),
        (
            ("text.pth", "--base", "ViT-B-16"),
            1,
            "CLIP model 'ViT-B-16' needs a `pretrained` tag",
        ),
        (
            ("text.pth", "--base", "DEMO"),
            1,
            "checkpoint 'text.pth' must hold weights and plain",
        ),
    ],
)
def test_a_wrong_checkpoint_is_one_line(
    cli: "Cli",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    rule: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.pth").write_text("no weights")
    model = load_profile("demo").clip.model
    words = [model if word == "DEMO" else word for word in arguments]
    ended = cli("import-clip", *words, "--out", tmp_path / "clip")
    assert ended.status == status, ended
    assert ended.err.startswith(f"error: {rule}")
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "clip").exists()
