"""The CLIP encoder, on the small model of the demo."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import open_clip
import pytest
from open_clip.transform import PreprocessCfg

from tests.hostile_safetensors import FEW, HOSTILE
from zs_dagster.errors import ModelError
from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder, clip_fingerprint
from zs_dagster.models.crops import CROP_SETS, EVAL
from zs_dagster.models.lvlm.source import find_source
from zs_dagster.models.profiles import load_profile

TEXTS = ["a purple ball", "an orange square slides right", "a purple ball rises"]


def encoder(batch: int = 64) -> OpenClipEncoder:
    return OpenClipEncoder(load_profile("demo").clip.model, device="cpu", batch=batch)


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the weights, to break."""
    source = Path(load_profile("demo").clip.model.partition(":")[2])
    return Path(shutil.copytree(source, tmp_path / "clip"))


def test_the_batch_size_does_not_change_features() -> None:
    whole, single = encoder(), encoder(batch=2)
    for method, items in (("encode_frames", frames(5)), ("encode_texts", TEXTS)):
        features = getattr(whole, method)(items)
        assert features.shape[0] == len(items)
        assert features.dtype == np.float32
        np.testing.assert_allclose(getattr(single, method)(items), features, atol=1e-5)


def test_images_and_texts_share_a_space_and_nothing_is_normalised() -> None:
    model = encoder()
    images, texts = model.encode_frames(frames(2)), model.encode_texts(TEXTS)
    assert images.shape[1] == texts.shape[1]
    assert not np.allclose(np.linalg.norm(images, axis=1), 1, atol=1e-3)
    assert not np.allclose(texts[0], texts[1])


def test_half_precision_is_close_and_another_encoder() -> None:
    name = load_profile("demo").clip.model
    half = OpenClipEncoder(name, device="cpu", dtype="bfloat16")
    ours, full = half.encode_frames(frames(3)), encoder().encode_frames(frames(3))
    assert ours.dtype == np.float32
    assert 0 < np.abs(ours - full).max() < 0.05 * np.abs(full).max()
    np.testing.assert_array_equal(half.encode_texts(TEXTS), encoder().encode_texts(TEXTS))
    prints = {clip_fingerprint(name, None, kind) for kind in ("float32", "bfloat16", "float16")}
    assert len(prints) == 3


def test_a_tower_of_timm_encodes_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such towers, EVA02 and SigLIP 2 among them, do not say how wide their output is."""

    def load(*_: object) -> tuple[object, None, object]:
        tower = open_clip.CLIPVisionCfg(timm_model_name="test_vit", image_size=64)
        text = open_clip.CLIPTextCfg(context_length=8, width=16, heads=2, layers=1)
        network = open_clip.CustomTextCLIP(24, tower, text).eval()
        network.visual.preprocess_cfg = dataclasses.asdict(PreprocessCfg(size=(64, 64)))
        return network, None, open_clip.SimpleTokenizer(context_length=8)

    monkeypatch.setattr(clip, "load_open_clip", load)
    model = OpenClipEncoder("timm", device="cpu")
    assert model.encode_frames(frames(2)).shape == (2, 24)
    assert model.encode_frames(frames(0)).shape == (0, 24)


def test_nothing_in_is_nothing_out() -> None:
    model = encoder()
    width = model.encode_texts(TEXTS[:1]).shape[1]
    assert model.encode_frames(frames(0)).shape == (0, width)
    assert model.encode_texts([]).shape == (0, width)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"CLIP folder must exist, got '.*/none'; check the mod"
    ):
        OpenClipEncoder(f"local-dir:{tmp_path / 'none'}", device="cpu")


def test_missing_weights_are_an_error_and_no_random_model(folder: Path) -> None:
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelError, match=f"CLIP model 'local-dir:{folder}' cannot be loaded: "):
        OpenClipEncoder(f"local-dir:{folder}", device="cpu")


def test_damaged_weights_are_an_error(folder: Path) -> None:
    weights = folder / "open_clip_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded: "):
        OpenClipEncoder(f"local-dir:{folder}", device="cpu")


@pytest.mark.parametrize("what", FEW)
def test_hostile_weights_are_an_error_of_one_line(folder: Path, what: str) -> None:
    (folder / "open_clip_model.safetensors").write_bytes(HOSTILE[what])
    with pytest.raises(ModelError, match="cannot be loaded: ") as error:
        OpenClipEncoder(f"local-dir:{folder}", device="cpu")
    assert len(str(error.value).splitlines()) == 1


def test_a_published_model_needs_a_tag() -> None:
    with pytest.raises(ModelError, match="'ViT-B-16' needs a `pretrained` tag"):
        OpenClipEncoder("ViT-B-16", device="cpu")


def test_the_fingerprint_follows_every_byte_of_the_weights(folder: Path) -> None:
    before = clip_fingerprint(f"local-dir:{folder}", None)
    weights = folder / "open_clip_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert clip_fingerprint(f"local-dir:{folder}", None) != before


def test_the_fingerprint_does_not_depend_on_where_the_folder_lies(folder: Path) -> None:
    before = clip_fingerprint(f"local-dir:{folder}", None)
    other = folder.rename(folder.parent / "moved")
    assert clip_fingerprint(f"local-dir:{other}", None) == before


def test_published_models_differ_by_name_and_tag() -> None:
    pairs = [("ViT-B-16", "openai"), ("ViT-B-16", "webli"), ("ViT-L-14", "openai")]
    assert len({clip_fingerprint(*pair) for pair in pairs}) == 3


def test_what_shapes_the_answers_of_the_lvlm_is_in_its_fingerprint(folder: Path) -> None:
    source = find_source(str(folder), None)
    prints = {source.fingerprint("float32", "variants"), source.fingerprint("float32", "paper")}
    prints.add(source.fingerprint("bfloat16", "variants"))
    (folder / "open_clip_config.json").write_text("{}")
    prints.add(find_source(str(folder), None).fingerprint("float32", "variants"))
    assert len(prints) == 4


def test_fingerprints_load_no_model() -> None:
    code = (
        "import sys; from zs_dagster.models.loading import Models; m = Models();"
        "m.clip_fingerprint('demo'); m.lvlm_fingerprint('demo');"
        "print('torch' in sys.modules, 'open_clip' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"False"]


def test_a_crop_shows_its_part_of_the_frame_alone() -> None:
    model, wide = encoder(), np.zeros((1, 64, 192, 3), dtype=np.uint8)
    left, right = frames(2)[:, :48, :64]
    wide[0, :48, :64], wide[0, :48, -64:] = left, right
    alone = [np.zeros((1, 64, 64, 3), dtype=np.uint8) for _ in range(2)]
    alone[0][0, :48], alone[1][0, :48] = left, right
    # The model reads 64 pixels, so that nothing is scaled.
    found = model.encode_crops(wide, ("first", "mid", "last", "mid@8/7"))
    for crop, square in zip(("first", "last"), alone, strict=True):
        np.testing.assert_allclose(found[crop], model.encode_frames(square), atol=1e-5)
    assert not np.allclose(found["mid"], found["last"])
    # The shrunken and cropped picture of the model itself is another one.
    assert not np.allclose(found["mid@8/7"], model.encode_frames(wide))


@pytest.mark.parametrize("batches", [(), (1,), (2, 2, 1)])
def test_crops_encoded_together_have_the_features_of_each_alone(
    batches: tuple[int, ...],
) -> None:
    """Bit for bit, and no forward pass gets more pictures than a batch."""
    model, shown = encoder(batch=2), frames(sum(batches))
    crops = (EVAL, *CROP_SETS[3], *CROP_SETS[9])
    given = list[int]()
    model.network.visual.register_forward_pre_hook(lambda _, asked: given.append(len(asked[0])))
    together = model.encode_crops(shown, crops)
    assert given == [size for size in batches for _ in crops]
    assert list(together) == list(crops)
    for crop in crops:
        alone = model.encode_crops(shown, (crop,))[crop]
        np.testing.assert_array_equal(together[crop], alone, strict=True)
        assert len(alone) == sum(batches)
    np.testing.assert_array_equal(together[EVAL], model.encode_frames(shown), strict=True)
