"""Small Qwen vision-language models: positions of three axes, window encoders, hybrids."""

from collections.abc import Callable

from tests.zs_dagster.models.lvlm.small_models import (
    QWEN_TEMPLATE,
    Built,
    hf,
    make_tokenizer,
    text_options,
)
from zs_dagster.models.lvlm.untyped import Processor, Tokenizer

ROPE = {"rope_type": "default", "rope_theta": 1e4}
QWEN_VISION = {
    "depth": 3,
    "hidden_size": 32,
    "out_hidden_size": 64,
    "num_heads": 2,
    "intermediate_size": 48,
}


def qwen_processor(
    kind: Callable[..., Processor], tokenizer: Tokenizer, patch_size: int
) -> Processor:
    edges = {"shortest_edge": 32 * 32, "longest_edge": 32 * 32 * 12}
    options = {"size": edges, "patch_size": patch_size, "merge_size": 2}
    return kind(
        image_processor=hf.Qwen2VLImageProcessor(**options),
        tokenizer=tokenizer,
        video_processor=hf.Qwen2VLVideoProcessor(**options),
        chat_template=QWEN_TEMPLATE,
    )


def qwen_tokens(tokenizer: Tokenizer) -> dict[str, int]:
    names = ("image", "video", "vision_start", "vision_end")
    return {f"{n}_token_id": tokenizer.convert_tokens_to_ids(f"<|{n}|>") for n in names}


def build_qwen2_vl() -> Built:
    tokenizer = make_tokenizer()
    processor = qwen_processor(hf.Qwen2VLProcessor, tokenizer, patch_size=14)
    rope = {**ROPE, "mrope_section": [2, 3, 3]}
    vision = {"depth": 3, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2}
    config = hf.Qwen2VLConfig(
        text_config=text_options(tokenizer, rope_parameters=rope),
        vision_config=vision,
        **qwen_tokens(tokenizer),
    )
    return hf.Qwen2VLForConditionalGeneration(config), processor


def build_qwen2_5_vl() -> Built:
    tokenizer = make_tokenizer()
    processor = qwen_processor(hf.Qwen2_5_VLProcessor, tokenizer, patch_size=14)
    rope = {**ROPE, "mrope_section": [2, 3, 3]}
    vision = {
        **QWEN_VISION,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    config = hf.Qwen2_5_VLConfig(
        text_config=text_options(tokenizer, rope_parameters=rope),
        vision_config=vision,
        **qwen_tokens(tokenizer),
    )
    return hf.Qwen2_5_VLForConditionalGeneration(config), processor


def build_qwen3_vl() -> Built:
    tokenizer = make_tokenizer()
    processor = qwen_processor(hf.Qwen3VLProcessor, tokenizer, patch_size=16)
    rope = {**ROPE, "mrope_section": [3, 3, 2], "mrope_interleaved": True}
    vision = {
        **QWEN_VISION,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0, 1],
    }
    config = hf.Qwen3VLConfig(
        text_config=text_options(tokenizer, rope_parameters=rope, head_dim=16),
        vision_config=vision,
        **qwen_tokens(tokenizer),
    )
    return hf.Qwen3VLForConditionalGeneration(config), processor


def build_qwen3_5() -> Built:
    """Two layers of linear attention, whose state no mask can split, and one of attention."""
    tokenizer = make_tokenizer()
    processor = qwen_processor(hf.Qwen3VLProcessor, tokenizer, patch_size=16)
    rope = {**ROPE, "mrope_section": [2, 1, 1], "partial_rotary_factor": 0.5}
    rope["mrope_interleaved"] = True
    linear = {
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 16,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "layer_types": ["linear_attention", "linear_attention", "full_attention"],
    }
    vision = {
        **QWEN_VISION,
        "num_position_embeddings": 64,
    }
    config = hf.Qwen3_5Config(
        text_config=text_options(tokenizer, rope_parameters=rope, head_dim=16, **linear),
        vision_config=vision,
        **qwen_tokens(tokenizer),
    )
    return hf.Qwen3_5ForConditionalGeneration(config), processor
