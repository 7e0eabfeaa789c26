"""The FLOP model by hand, and against the numbers known for LLaVA-OneVision 7B."""

from typing import Any

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models.cost import TERA, FrameLayout, Stack, lvlm_cost

# lmms-lab's 7B: SigLIP so400m (26 of its layers run) and Qwen2 7B.
ONEVISION_7B: dict[str, Any] = {
    "vision_config": {
        "model_type": "siglip_vision_model",
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 26,
        "patch_size": 14,
    },
    "text_config": {
        "model_type": "qwen2",
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152000,
    },
}


def test_one_layer_by_hand() -> None:
    stack = Stack(layers=1, width=2, query_width=4, key_width=2, inner=8, gated=False)
    # Matrices of 2x4, 2x2, 2x2, 4x2, 2x8 and 8x2 have 56 weights; 3 tokens, 9 pairs.
    assert stack.flops(3, 9) == 2 * 3 * 56 + 2 * 2 * 4 * 9
    gated = Stack(layers=2, width=2, query_width=4, key_width=2, inner=8, gated=True)
    assert gated.flops(3, 0) == 2 * 2 * 3 * 72


def test_a_7b_costs_what_is_known_of_it() -> None:
    cost = lvlm_cost(ONEVISION_7B)
    assert cost.text.flops(1, 0) == pytest.approx(13.05e9, rel=0.001)
    tile = FrameLayout(1, 729, 0, [])
    assert cost.image(tile) == pytest.approx(0.667 * TERA, rel=0.01)
    assert cost.image(FrameLayout(3, 729, 0, [])) == pytest.approx(3 * cost.image(tile))


def test_sharing_saves_nearly_a_factor_of_the_questions() -> None:
    cost = lvlm_cost(ONEVISION_7B)
    one = FrameLayout(2, 729, 1490, [38])
    assert cost.shared(one) == pytest.approx(cost.naive(one), rel=0.001)
    four = FrameLayout(2, 729, 1490, [38] * 4)
    assert cost.naive(four) == pytest.approx(4 * cost.naive(one))
    assert 3.5 < cost.naive(four) / cost.shared(four) < 4


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"vision_config": {"model_type": "swin"}}, "vision tower 'swin' are not counted"),
        ({"vision_config": None}, "vision tower 'None' are not counted"),
        ({"text_config": {"hidden_size": 8}}, "must give 'num_attention_heads'"),
        ({"text_config": {"num_experts": 8}}, "experts"),
    ],
)
def test_what_is_not_counted_says_so(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(ModelError, match=rule):
        lvlm_cost(ONEVISION_7B | change)
