"""A tiny random CLIP in a folder, and drawn clips."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from zs_dagster.digests import digest
from zs_dagster.models.clip_training.base import Base, load_base
from zs_dagster.models.profiles import load_profile

NAMES = {"red": "red light", "green": "green light", "blue": "blue light"}
DEMO = Path(load_profile("demo").clip.model.partition(":")[2])


@dataclass
class Lamps:
    """Clips of one colour each, with noise; breaks once at each of the reads named."""

    clips: int = 12
    frames_per_clip: int = 2
    size: tuple[int, int] = (24, 40)
    breaks_at: set[int] = field(default_factory=set)
    reads: int = 0

    @property
    def fingerprint(self) -> str:
        return digest("lamps", self.clips)

    def __len__(self) -> int:
        return self.clips

    def label(self, number: int) -> int:
        return number % len(NAMES)

    def frames(self, number: int, rng: np.random.Generator) -> np.ndarray:
        self.reads += 1
        if self.reads in self.breaks_at:
            raise KeyboardInterrupt
        images = rng.integers(0, 60, (self.frames_per_clip, *self.size, 3), dtype=np.uint8)
        images[..., self.label(number)] += 150
        return images


def tiny_config() -> dict[str, Any]:
    config: dict[str, Any] = json.loads((DEMO / "open_clip_config.json").read_text())
    model = config["model_cfg"]
    model["embed_dim"] = 16
    model["vision_cfg"] |= {
        "image_size": 16,
        "layers": 1,
        "width": 16,
        "head_width": 8,
        "patch_size": 8,
    }
    model["text_cfg"] |= {"width": 16, "heads": 2, "layers": 1}
    return config


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other on arrays this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP with random weights, 16 px, and the tokenizer of the demo."""
    folder = tmp_path_factory.mktemp("tiny") / "clip"
    shutil.copytree(DEMO, folder)
    config = tiny_config()
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    model = config["model_cfg"]
    network = open_clip.CLIP(
        embed_dim=model["embed_dim"],
        vision_cfg=open_clip.CLIPVisionCfg(**model["vision_cfg"]),
        text_cfg=open_clip.CLIPTextCfg(**model["text_cfg"]),
    )
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture(scope="session")
def openai_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow ViT-B/16 with random weights: QuickGELU, and the tokenizer of OpenAI's CLIP."""
    folder = tmp_path_factory.mktemp("openai")
    model: dict[str, Any] = open_clip.get_model_config("ViT-B-16-quickgelu")
    model["embed_dim"] = 16
    model["vision_cfg"] |= {"image_size": 32, "layers": 2, "width": 16, "head_width": 8}
    model["text_cfg"] |= {"width": 16, "heads": 2, "layers": 2}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model}))
    torch.manual_seed(2)
    network = open_clip.CLIP(**model)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture
def base(tiny_folder: Path) -> Callable[[], Base]:
    """Load the tiny CLIP anew."""
    return lambda: load_base(f"local-dir:{tiny_folder}", None, "cpu")
