"""Fewer image tokens where a family has a way, a clear refusal where it has none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.images import Image
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.modes import Mode

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
WAYS: list[tuple[str, Image]] = [
    ("llava_onevision", "single-tile"),
    ("llava_onevision", "video"),
    ("smolvlm", "single-tile"),
]


def count_tokens(folder: Path, image: Image) -> int:
    """Image tokens in the ids that the real processor makes of a 48x80 frame."""
    prompts = load_scorer(folder, image=image)._backend.prompts
    ids = prompts.whole(np.zeros((48, 80, 3), dtype=np.uint8), "Is it day?")["input_ids"]
    return int((ids == prompts._image_id).sum())


def test_image_tokens_by_hand(model_folder: ModelFolder) -> None:
    # Tiles of 4x4 patches: the whole, two tiles unpadded to 4x6, four line ends.
    folder = model_folder("llava_onevision")
    assert count_tokens(folder, "full") == 16 + 24 + 4
    # The whole, one tile unpadded to 2x4, two line ends.
    assert count_tokens(folder, "single-tile") == 16 + 8 + 2
    # 2x2 pooled patches and one line end.
    assert count_tokens(folder, "video") == 4 + 1
    # Four tiles and the whole, four tokens each; the whole alone.
    assert count_tokens(model_folder("smolvlm"), "full") == 5 * 4
    assert count_tokens(model_folder("smolvlm"), "single-tile") == 4


@pytest.mark.parametrize(("family", "image"), WAYS)
@pytest.mark.parametrize("mode", ["packed", "two-step", "prefix"])
def test_every_mode_reproduces_naive_on_fewer_tokens(
    model_folder: ModelFolder,
    frames: Frames,
    questions: tuple[str, ...],
    family: str,
    image: Image,
    mode: Mode,
) -> None:
    folder = model_folder(family)
    naive = load_scorer(folder, image=image, mode="naive").score(frames, questions)
    found = load_scorer(folder, image=image, mode=mode).score(frames, questions)
    np.testing.assert_allclose(found, naive, rtol=0, atol=1e-5)
    full = load_scorer(folder, mode=mode).score(frames, questions)
    assert np.abs(found - full).max() > 1e-3


@pytest.mark.parametrize(
    ("family", "image", "reason"),
    [
        ("pixtral", "single-tile", "needs a model that cuts frames into tiles"),
        ("qwen2_5_vl", "single-tile", "needs a model that cuts frames into tiles"),
        ("qwen2_5_vl", "video", "needs a model that pools the frames of a video"),
        ("smolvlm", "video", "needs a model that pools the frames of a video"),
    ],
)
def test_a_family_without_such_a_way_is_refused(
    model_folder: ModelFolder, family: str, image: Image, reason: str
) -> None:
    with pytest.raises(ModelError, match=rf"image '{image}' {reason}.*use image 'full'"):
        load_scorer(model_folder(family), image=image)


def test_an_unknown_way_is_refused(model_folder: ModelFolder) -> None:
    with pytest.raises(ModelError, match=r"image must be one of \['full', .*got 'half'"):
        load_scorer(model_folder("pixtral"), image="half")  # type: ignore[arg-type] # on purpose


def test_a_way_that_changes_scores_has_its_own_fingerprint(model_folder: ModelFolder) -> None:
    folder = model_folder("llava_onevision")
    ways: tuple[Image, ...] = ("full", "single-tile", "video")
    prints = {load_scorer(folder, image=image).fingerprint for image in ways}
    assert len(prints) == 3
    assert load_scorer(folder).fingerprint in prints
