"""Small models of real architectures with their real processors, random weights, on disk."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer as Vocabulary
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from zs_dagster.models.lvlm.untyped import Json, Model, Processor, Tokenizer

# Typed as anything: the annotations of the library reject its own documented calls.
hf: Json = transformers

QUESTIONS = (
    "Is it day? Only answer yes or no.",
    "This is a frame from a video of high jump. Is the bar down? Only answer yes or no.",
    "This is a frame from a video of golf swing. Is the ball still on the ground, close to "
    "the club? Only answer yes or no.",
    "This is a frame from a video of golf swing. Is it over? Only answer yes or no.",
    "This is a frame from a video of golf swing. Has the ball left? Only answer yes or no.",
)

CONTROL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|image|>", "<|video|>"),
    *("<|vision_start|>", "<|vision_end|>", "<s>", "[INST]", "[/INST]", "[IMG_BREAK]"),
    "[IMG_END]",
)
IM_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN_TEMPLATE = IM_TEMPLATE.replace("IMAGE", "<|vision_start|><|image|><|vision_end|>")
OV_TEMPLATE = IM_TEMPLATE.replace("IMAGE", "<|image|>\n")
# Writes its own start token, as the real one does, and reads "content" for text.
PIXTRAL_TEMPLATE = (
    "<s>{% for m in messages %}[INST]{% for c in m['content'] %}{% if c['type'] == 'image' %}"
    "<|image|>{% else %}{{ c['content'] }}{% endif %}{% endfor %}[/INST]{% endfor %}"
)

IMAGE_TOKEN = {"image_token": "<|image|>"}
MEDIA_TOKENS = {**IMAGE_TOKEN, "video_token": "<|video|>"}
SPECIAL = {
    "bos_token": "<s>",
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
}
ANSWERS = ("yes", "Yes", " yes", "no", "No", " No")

VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}

Built = tuple[Model, Processor]


def make_tokenizer(special: dict[str, str] | None = None) -> Tokenizer:
    """A byte-level tokenizer in which exactly the answers are merged into one token."""
    tokenizer = Vocabulary(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        min_frequency=50,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(CONTROL),
        show_progress=False,
    )
    # One word per text, so that a spelling with a space is only learned where asked for.
    tokenizer.train_from_iterator([word for word in ANSWERS for _ in range(60)], trainer)
    # Like Llama's: a start token before every text, unless the caller says no.
    start = ("<s>", tokenizer.token_to_id("<s>"))
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", None, [start])
    options = SPECIAL | {"extra_special_tokens": MEDIA_TOKENS | (special or {})}
    return hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **options)


def text_options(tokenizer: Tokenizer, **more: object) -> dict[str, Json]:
    """A decoder small enough for a CPU and uneven enough to notice positions and masks."""
    return {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 2048,
        "initializer_range": 0.15,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **more,
    }


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


BUILDERS: dict[str, Callable[[], Built]] = {
    "llava_onevision": build_llava_onevision,
    "pixtral": build_pixtral,
    "sliding_pixtral": build_sliding_pixtral,
    "qwen2_5_vl": build_qwen2_5_vl,
    "qwen3_vl": build_qwen3_vl,
    "qwen3_5": build_qwen3_5,
}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a family, built and saved on first use."""
    built: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in built:
            torch.manual_seed(7)
            model, processor = BUILDERS[family]()
            path = tmp_path_factory.mktemp(family)
            model.save_pretrained(path)
            processor.save_pretrained(path)
            built[family] = path
        return built[family]

    return folder


@pytest.fixture(scope="session")
def frames() -> NDArray[np.uint8]:
    """Three frames of 48x80 pixels that differ, uint8 RGB."""
    return np.random.default_rng(3).integers(0, 256, (3, 48, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def questions() -> tuple[str, ...]:
    """Five questions of different lengths."""
    return QUESTIONS


@pytest.fixture(name="make_tokenizer")
def give_make_tokenizer() -> Callable[..., Tokenizer]:
    """The tokenizer builder, for tests of the tokens alone."""
    return make_tokenizer


@pytest.fixture(name="text_options")
def give_text_options() -> Callable[..., dict[str, Json]]:
    """The decoder options, for a test that builds its own model."""
    return text_options
