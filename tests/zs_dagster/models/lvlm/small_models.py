"""What all small models share: questions, a tokenizer with real answers, decoder options."""

import transformers
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
OV_TEMPLATE = IM_TEMPLATE.replace("IMAGE", "<|image|>\n").replace(
    "{% else %}", "{% elif c['type'] == 'video' %}<|video|>\n{% else %}"
)
SMOL_TEMPLATE = (
    "<|im_start|>User:<|image|>{{ messages[0]['content'][1]['text'] }}<|im_end|>\nAssistant:"
)
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
