"""FLOPs of CLIP without weights."""

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models.clip_cost import clip_cost
from zs_dagster.models.profiles import load_profile


def test_the_demo_clip_by_hand() -> None:
    """Four layers of width 96 over 64 patches of 8x8 pixels and a class token."""
    tokens, width, layers = 65, 96, 4
    per_layer = 2 * tokens * 12 * width**2 + 4 * tokens**2 * width
    expected = layers * per_layer + 2 * 64 * (3 * 8 * 8) * width
    found = clip_cost(load_profile("demo").clip.model)
    assert found.frame == pytest.approx(expected, rel=0.01)
    assert 0 < found.text < found.frame


def test_a_published_architecture_is_counted_without_its_weights() -> None:
    """ViT-B/16 on 224 pixels: 86 million weights for each of 196 patches."""
    assert clip_cost("ViT-B-16-SigLIP2").frame == pytest.approx(2 * 86e6 * 196, rel=0.1)


def test_an_unknown_architecture_is_one_line() -> None:
    with pytest.raises(ModelError, match="FLOPs of CLIP 'ViT-Z-1' cannot be counted: "):
        clip_cost("ViT-Z-1")
