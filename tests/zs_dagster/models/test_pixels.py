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
from torch.nn import functional

from zs_dagster.errors import ModelError
from zs_dagster.models import pixels as pixels_module
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


def prepared(found: Pixels, frames: FrameArray, crop: str = EVAL) -> torch.Tensor:
    (images,) = found.prepare(frames, [crop], "cpu")
    return images


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
        ours = prepared(found, frames)
        assert ours.dtype == torch.float32
        assert_near(ours, transformed(frames, {**SAID, **changes}))


@given(st.integers(1, 60), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_odd_sizes_are_cut_where_open_clip_cuts(height: int, more: int) -> None:
    frames = smooth(height, height + more)
    assert_near(prepared(pixels(), frames), transformed(frames, SAID))


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
    assert_near(prepared(pixels(), frames, crop), expected)


@pytest.mark.parametrize("crop", [EVAL, "last", "bottom-right@8/7"])
@pytest.mark.parametrize("size", [(97, 61), (60, 200), (20, 30)])
def test_a_gpu_rounds_where_a_cpu_does(crop: str, size: tuple[int, int]) -> None:
    """Its filter in float32, run here: noise overshoots, which PIL cuts off twice."""
    found = pixels()
    pictures = torch.from_numpy(noise(*size)).permute(0, 3, 1, 2)
    place = found._place(crop, size[1], size[0])
    shared = [
        found._shared(shown, *place[:2])
        for shown in (pictures, pictures.as_subclass(GpuTensor))
    ]
    # Kept while crop after crop is encoded, so in a byte per level.
    assert {levels.dtype for levels in shared} == {torch.uint8}
    of_cpu, of_gpu = (found._square(levels, place).float() for levels in shared)
    apart = (of_gpu - of_cpu).abs()
    assert float(apart.max()) <= 2
    assert float((apart > 0.5).float().mean()) < 0.02


def by_itself(found: Pixels, frames: FrameArray, crop: str) -> torch.Tensor:
    """The whole frame scaled for one crop, which is cut out."""
    place = found._place(crop, frames.shape[2], frames.shape[1])
    whole = functional.interpolate(
        torch.from_numpy(frames).permute(0, 3, 1, 2),
        size=(place.height, place.width),
        mode=found.interpolation,
        antialias=True,
    )
    square = whole[:, :, place.top : place.top + SIDE, place.left : place.left + SIDE]
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (found.mean, found.std))
    return (square.float() / 255 - mean) / std


@pytest.mark.parametrize("size", [(48, 100), (90, 41), (32, 57), (36, 36), (20, 30)])
@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("kind", ["bicubic", "bilinear"])
def test_crops_that_share_a_scale_are_bit_for_bit_those_scaled_alone(
    size: tuple[int, int], mode: str, kind: str
) -> None:
    found, frames = pixels(resize_mode=mode, interpolation=kind), noise(*size)
    before = frames.copy()
    for crops in ([EVAL, *CROPS], [*CROPS, EVAL], *CROP_SETS.values()):
        together = found.prepare(frames, crops, "cpu")
        for crop, images in zip(crops, together, strict=True):
            assert torch.equal(images, by_itself(found, frames, crop)), crop
    assert np.array_equal(frames, before)


@pytest.mark.parametrize("size", [(48, 100), (90, 41), (20, 30), (32, 57)])
def test_crops_of_a_gpu_are_bit_for_bit_those_prepared_alone(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_gpu(monkeypatch)
    found, frames, crops = pixels(), noise(*size), [EVAL, *CROPS]
    together = found.prepare(frames, crops, "cpu")
    for crop, images in zip(crops, together, strict=True):
        assert torch.equal(images, prepared(found, frames, crop)), crop


def on_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    on_device = pixels_module._on_device
    monkeypatch.setattr(
        pixels_module, "_on_device", lambda *said: on_device(*said).as_subclass(GpuTensor)
    )


@pytest.mark.parametrize(
    ("crops", "scales"),
    [
        (CROP_SETS[3], 1),
        (CROP_SETS[9], 1),
        ((EVAL,), 1),
        ((*CROP_SETS[3], *CROP_SETS[9], EVAL), 2),
    ],
)
def test_a_frame_is_scaled_once_for_all_crops_of_a_scale(
    crops: tuple[str, ...], scales: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, scaled = list[tuple[int, int]](), Pixels._scaled

    def counted(found: Pixels, pictures: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        asked.append(size)
        return scaled(found, pictures, size)

    monkeypatch.setattr(Pixels, "_scaled", counted)
    # Twice as wide as high: the middle that the model sees is cut from the scale of `mid`.
    frames = noise(50, 100)
    list(pixels().prepare(frames, crops, "cpu"))
    assert len(asked) == scales
    asked.clear()
    on_gpu(monkeypatch)
    list(pixels().prepare(frames, crops, "cpu"))
    # There the width is scaled for all, and the height for each.
    assert [height for height, _ in asked].count(50) == scales
    assert len(asked) == scales + len(crops)


def test_a_picture_of_the_right_size_is_only_normalised() -> None:
    frames = noise(SIDE, SIDE)
    found = prepared(pixels(), frames)
    assert torch.equal(found, transformed(frames, SAID))


def test_frames_that_cannot_be_written_to_are_read() -> None:
    frames = noise(40, 40)
    frames.flags.writeable = False
    assert torch.equal(
        prepared(pixels(), frames[:, ::-1]),
        prepared(pixels(), frames[:, ::-1].copy()),
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
    assert_near(prepared(pixels(), frames), transformed(frames, SAID), share=0.01)
