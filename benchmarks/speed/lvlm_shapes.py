"""LVLMs in real shapes with random weights: small ones, and the sizes that GPUs run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.tokens import find_answer_tokens

TOKENIZER = Path(__file__).parents[2] / "zs_dagster/demo/weights/lvlm"
hf: Any = transformers


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: decoder (width, MLP, layers, heads, key heads), then image encoder."""

    family: str
    decoder: tuple[int, int, int, int, int]
    encoder: tuple[int, int, int, int]
    image_size: int
    patch_size: int
    vocabulary: int


SMALL = {
    196: Shape("llava", (384, 2048, 4, 6, 2), (192, 768, 2, 3), 196, 14, 32_000),
    729: Shape("llava", (384, 2048, 4, 6, 2), (192, 768, 2, 3), 378, 14, 32_000),
}
LARGE = {
    "LLaVA-OneVision-7B": Shape(
        "onevision", (3584, 18_944, 28, 28, 4), (1152, 4304, 26, 16), 384, 14, 152_064
    ),
    "Pixtral-12B": Shape(
        "pixtral", (5120, 14_336, 40, 32, 8), (1024, 4096, 24, 16), 1024, 16, 131_072
    ),
}


def build(shape: Shape, device: str, dtype: torch.dtype) -> Backend:
    """Make a model of a shape, with a processor around the tokenizer of the demo."""
    tokenizer = hf.AutoTokenizer.from_pretrained(TOKENIZER)
    config, processor = {"onevision": onevision, "llava": llava, "pixtral": pixtral}[
        shape.family
    ](shape, tokenizer)
    processor.chat_template = (TOKENIZER / "chat_template.jinja").read_text(encoding="utf-8")
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    with torch.device(device):
        model = hf.AutoModelForImageTextToText.from_config(config, dtype=dtype).eval()
    torch.set_default_dtype(torch.float32)
    answers = find_answer_tokens(tokenizer, "variants")
    return Backend(model, Prompts(processor, device=model.device), answers)


def text_options(shape: Shape) -> dict[str, Any]:
    """The decoder of a shape."""
    width, mlp, layers, heads, key_heads = shape.decoder
    return {
        "hidden_size": width,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": 32_768,
    }


def vision_options(shape: Shape) -> dict[str, Any]:
    """The image encoder of a shape."""
    width, mlp, layers, heads = shape.encoder
    return {
        "hidden_size": width,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "image_size": shape.image_size,
        "patch_size": shape.patch_size,
    }


def llava(shape: Shape, tokenizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """One tile, so many tokens as patches; the decoder is Qwen2's, as LLaVA-OneVision's."""
    size = {"height": shape.image_size, "width": shape.image_size}
    processor = hf.LlavaProcessor(
        hf.SiglipImageProcessor(size=size),
        tokenizer,
        patch_size=shape.patch_size,
        vision_feature_select_strategy="full",
    )
    config = hf.LlavaConfig(
        vision_config={"model_type": "siglip_vision_model", **vision_options(shape)},
        text_config=hf.Qwen2Config(**text_options(shape)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    return config, processor


def onevision(shape: Shape, tokenizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Base image and tiles; its own pinpoints, of which 384x384 takes the first."""
    size = {"height": shape.image_size, "width": shape.image_size}
    images = hf.LlavaOnevisionImageProcessor(size=size)
    processor = hf.LlavaOnevisionProcessor(
        images,
        tokenizer,
        hf.LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=(shape.image_size // shape.patch_size) ** 2,
        vision_feature_select_strategy="full",
    )
    vision = {
        "model_type": "siglip_vision_model",
        "vision_use_head": False,
        **vision_options(shape),
    }
    config = hf.LlavaOnevisionConfig(
        vision_config=vision,
        text_config=hf.Qwen2Config(**text_options(shape)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=images.image_grid_pinpoints,
    )
    return config, processor


def pixtral(shape: Shape, tokenizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """One token per patch and row end; the tokenizer's free tokens stand for the marks."""
    processor = hf.PixtralProcessor(
        hf.PixtralImageProcessor(
            size={"longest_edge": shape.image_size}, patch_size=shape.patch_size
        ),
        tokenizer,
        patch_size=shape.patch_size,
        image_token=tokenizer.image_token,
        image_break_token=tokenizer.video_token,
        image_end_token=tokenizer.pad_token,
    )
    vision = {"model_type": "pixtral", "head_dim": 64, **vision_options(shape)}
    config = hf.LlavaConfig(
        vision_config=vision,
        text_config=hf.MistralConfig(**text_options(shape), head_dim=128, sliding_window=None),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    return config, processor
