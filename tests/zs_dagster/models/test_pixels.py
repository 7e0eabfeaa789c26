"""Pictures as CLIP reads them, against PIL and open_clip's own transform."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zs_dagster.errors import ModelError
from zs_dagster.models.crops import CROP_SETS, EVAL
from zs_dagster.models.pixels import Pixels
from zs_dagster.models.protocols import FrameArray

SIDE = 32
CROPS = sorted({name for names in CROP_SETS.values() for name in names})
SAID = {
    "size": SIDE,
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "mean": (0.5, 0.4, 0.3),
    "std": (0.2, 0.3, 0.4),
}


class GpuTensor(torch.Tensor):
    """A tensor that says it lies on a GPU, to take that way on a CPU."""

    is_cuda = True


def pixels(**changes: object) -> Pixels:
    visual = SimpleNamespace(preprocess_cfg={**SAID, **changes})
    return Pixels.of(SimpleNamespace(visual=visual))


def noise(height: int, width: int, count: int = 2) -> FrameArray:
    shape = (count, height, width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def smooth(height: int, width: int) -> FrameArray:
    small = Image.fromarray(noise(4, 4, 1)[0])
    return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))[None]


def transformed(frames: FrameArray, said: dict[str, Any]) -> torch.Tensor:
    kept = {k: said[k] for k in ("mean", "std", "resize_mode", "interpolation")}
    transform = open_clip.image_transform(said["size"], is_train=False, **kept)
    return torch.stack([transform(Image.fromarray(frame)) for frame in frames])


def levels(images: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(SAID[key]).view(3, 1, 1) for key in ("mean", "std"))
    return (images * std + mean) * 255


def assert_near(ours: torch.Tensor, theirs: torch.Tensor, share: float = 0.05) -> None:
    """A few values may be a level off, and single ones two."""
    assert ours.shape == theirs.shape
    apart = (levels(ours) - levels(theirs)).abs()
    assert float(apart.max()) < 2.5
    assert float((apart > 0.5).float().mean()) <= share


# None is higher than wide: PIL 13 scales the columns of such pictures first.
SIZES = [(720, 1280), (61, 97), (240, 320), (32, 32), (31, 33), (1, 1), (2, 300), (1080, 1920)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("kind", ["bicubic", "bilinear"])
def test_it_is_the_transform_of_open_clip(size: tuple[int, int], mode: str, kind: str) -> None:
    changes = {"resize_mode": mode, "interpolation": kind}
    found = pixels(**changes)
    for frames in (noise(*size, count=1), smooth(*size)):
        ours = found.prepare(frames, EVAL, "cpu")
        assert ours.dtype == torch.float32
        assert_near(ours, transformed(frames, {**SAID, **changes}))


@given(st.integers(1, 60), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_odd_sizes_are_cut_where_open_clip_cuts(height: int, more: int) -> None:
    frames = smooth(height, height + more)
    assert_near(pixels().prepare(frames, EVAL, "cpu"), transformed(frames, SAID))


@pytest.mark.parametrize("crop", [EVAL, *CROPS])
@pytest.mark.parametrize("size", [(48, 100), (90, 41)])
def test_crops_are_cut_from_the_picture_scaled_by_pil(crop: str, size: tuple[int, int]) -> None:
    frames = noise(*size, count=1)
    place = pixels()._place(crop, size[1], size[0])
    # Rows first, as every version of PIL does when told so.
    narrow = Image.fromarray(frames[0]).resize((place.width, size[0]), Image.Resampling.BICUBIC)
    scaled = narrow.resize(place[:2], Image.Resampling.BICUBIC)
    box = (place.left, place.top, place.left + SIDE, place.top + SIDE)
    expected = transformed(np.asarray(scaled.crop(box))[None], SAID)
    assert_near(pixels().prepare(frames, crop, "cpu"), expected)


@pytest.mark.parametrize("crop", [EVAL, "last", "bottom-right@8/7"])
@pytest.mark.parametrize("size", [(97, 61), (60, 200), (20, 30)])
def test_a_gpu_rounds_where_a_cpu_does(crop: str, size: tuple[int, int]) -> None:
    """Its filter in float32, run here: noise overshoots, which PIL cuts off twice."""
    found = pixels()
    pictures = torch.from_numpy(noise(*size)).permute(0, 3, 1, 2)
    place = found._place(crop, size[1], size[0])
    ours = found._square(pictures.as_subclass(GpuTensor), place)
    apart = (ours - found._square(pictures, place).float()).abs()
    assert float(apart.max()) <= 2
    assert float((apart > 0.5).float().mean()) < 0.02


def test_a_picture_of_the_right_size_is_only_normalised() -> None:
    frames = noise(SIDE, SIDE)
    found = pixels().prepare(frames, EVAL, "cpu")
    assert torch.equal(found, transformed(frames, SAID))


def test_frames_that_cannot_be_written_to_are_read() -> None:
    frames = noise(40, 40)
    frames.flags.writeable = False
    assert torch.equal(
        pixels().prepare(frames[:, ::-1], EVAL, "cpu"),
        pixels().prepare(frames[:, ::-1].copy(), EVAL, "cpu"),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"size": (32, 48)}, "32x48 by 'shortest'"), ({"resize_mode": "longest"}, "by 'longest'")],
)
def test_other_pictures_are_refused(changes: dict[str, Any], said: str) -> None:
    rule = r"CLIP must read squares scaled by one of shortest, squash, got .*"
    with pytest.raises(ModelError, match=rule + said):
        pixels(**changes)


def test_real_frames_of_a_video_that_is_no_multiple(tmp_path: Path) -> None:
    """A drawn frame through a JPEG, whose blocks and edges are those of videos."""
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth(359, 641)[0]).save(path, quality=60)
    frames = np.asarray(Image.open(path))[None]
    assert_near(pixels().prepare(frames, EVAL, "cpu"), transformed(frames, SAID), share=0.01)
