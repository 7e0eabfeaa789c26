"""Small models of real architectures with their real processors, random weights."""

from collections.abc import Callable

import torch

from tests.zs_dagster.models.lvlm.qwen_families import (
    build_qwen2_5_vl,
    build_qwen2_vl,
    build_qwen3_5,
    build_qwen3_vl,
)
from tests.zs_dagster.models.lvlm.small_models import (
    IMAGE_TOKEN,
    OV_TEMPLATE,
    PIXTRAL_TEMPLATE,
    SMOL_TEMPLATE,
    VISION,
    Built,
    hf,
    make_tokenizer,
    text_options,
)


def build_llava_onevision() -> Built:
    tokenizer = make_tokenizer()
    pins, size = [[32, 32], [32, 64], [64, 32]], {"height": 32, "width": 32}
    processor = hf.LlavaOnevisionProcessor(
        image_processor=hf.LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=pins),
        tokenizer=tokenizer,
        video_processor=hf.LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=OV_TEMPLATE,
    )
    vision = {
        "model_type": "siglip_vision_model",
        **VISION,
        "image_size": 32,
        "patch_size": 8,
        "vision_use_head": False,
    }
    config = hf.LlavaOnevisionConfig(
        vision_config=vision,
        text_config=hf.Qwen2Config(**text_options(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<|video|>"),
        image_grid_pinpoints=pins,
    )
    return hf.LlavaOnevisionForConditionalGeneration(config), processor


def build_pixtral(sliding_window: int | None = None) -> Built:
    tokenizer = make_tokenizer()
    processor = hf.PixtralProcessor(
        image_processor=hf.PixtralImageProcessor(size={"longest_edge": 64}, patch_size=16),
        tokenizer=tokenizer,
        patch_size=16,
        **IMAGE_TOKEN,
        chat_template=PIXTRAL_TEMPLATE,
    )
    vision = {
        "model_type": "pixtral",
        **VISION,
        "head_dim": 16,
        "image_size": 64,
        "patch_size": 16,
    }
    window = {"sliding_window": sliding_window, "head_dim": 16}
    config = hf.LlavaConfig(
        vision_config=vision,
        text_config=hf.MistralConfig(**text_options(tokenizer, **window)),
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    return hf.LlavaForConditionalGeneration(config), processor


def build_sliding_pixtral() -> Built:
    return build_pixtral(sliding_window=48)  # shorter than a prompt


def build_smolvlm() -> Built:
    """Tiles with a text mark before each; 48x80 takes four and a small copy of the whole."""
    tokenizer = make_tokenizer()
    marks = [f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)]
    tokenizer.add_tokens(
        ["<fake_token_around_image>", "<global-img>", *marks], special_tokens=True
    )
    processor = hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(
            size={"longest_edge": 64}, max_image_size={"longest_edge": 32}
        ),
        tokenizer,
        hf.SmolVLMVideoProcessor(),
        image_seq_len=4,
        chat_template=SMOL_TEMPLATE,
    )
    config = hf.SmolVLMConfig(
        vision_config={**VISION, "image_size": 32, "patch_size": 8},
        text_config=hf.LlamaConfig(**text_options(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<|image|>"),
        scale_factor=2,
    )
    return hf.SmolVLMForConditionalGeneration(config), processor


def build_gemma3() -> Built:
    """Image tokens see each other in both directions, text is causal."""
    tokenizer = make_tokenizer({"boi_token": "<|vision_start|>", "eoi_token": "<|vision_end|>"})
    names = {"image": "image", "boi": "vision_start", "eoi": "vision_end"}
    ids = {
        f"{k}_token_index": tokenizer.convert_tokens_to_ids(f"<|{v}|>")
        for k, v in names.items()
    }
    layers = ["sliding_attention", "sliding_attention", "full_attention"]
    window = {"sliding_window": 24, "layer_types": layers}  # shorter than a prompt
    text = text_options(tokenizer, head_dim=16, query_pre_attn_scalar=16, **window)
    config = hf.Gemma3Config(
        text_config=text,
        vision_config={**VISION, "image_size": 64, "patch_size": 8},
        mm_tokens_per_image=16,
        **ids,
    )
    model = hf.Gemma3ForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)
    template = "<|im_start|>user\n<|vision_start|>{{ messages[0]['content'][1]['text'] }}"
    processor = hf.Gemma3Processor(
        hf.Gemma3ImageProcessor(size={"height": 64, "width": 64}),
        tokenizer,
        chat_template=f"{template}<|im_end|>\n<|im_start|>model\n",
        image_seq_length=16,
    )
    return model, processor


BUILDERS: dict[str, Callable[[], Built]] = {
    "llava_onevision": build_llava_onevision,
    "pixtral": build_pixtral,
    "sliding_pixtral": build_sliding_pixtral,
    "qwen2_vl": build_qwen2_vl,
    "qwen2_5_vl": build_qwen2_5_vl,
    "qwen3_vl": build_qwen3_vl,
    "smolvlm": build_smolvlm,
    "gemma3": build_gemma3,
    "qwen3_5": build_qwen3_5,
}
