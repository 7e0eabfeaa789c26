"""The tokenizers of both models: one token per word of the drawn world, lower case."""

from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from zs_dagster.demo.training.captions import EMPTY
from zs_dagster.demo.training.questions import ANSWERS, CONTEXT, INSTRUCTION
from zs_dagster.demo.world import COLOURS, MOTIONS, SHAPES, STATES

UNKNOWN = "<unk>"
LVLM_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>", UNKNOWN)
CLIP_SPECIAL = ("<pad>", "<bos>", "<eos>", UNKNOWN)
CLIP_LENGTH = 24
# The words of every template, with those of a few prompts a reader may try.
FRAMES = (
    "user assistant system what which where how is are there the a an of in on at to from and "
    "object shape colour color big vertically horizontally photo video frame scene it ? , . "
    "moves up down does do not very hovers rests"
)


def lvlm_tokenizer() -> PreTrainedTokenizerFast:
    """Make the tokenizer of the LVLM; padding goes left, so that the answer comes last."""
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # the library's
        tokenizer_object=_word_tokenizer(LVLM_SPECIAL),
        pad_token="<|endoftext|>",  # noqa: S106 - no password
        eos_token="<|im_end|>",  # noqa: S106
        unk_token=UNKNOWN,
        padding_side="left",
        model_max_length=1024,
        additional_special_tokens=["<|im_start|>", "<image>", "<video>"],
        extra_special_tokens={"image_token": "<image>", "video_token": "<video>"},
    )


def clip_tokenizer() -> PreTrainedTokenizerFast:
    """Make the tokenizer of CLIP; it puts a text between `<bos>` and `<eos>`."""
    words = _word_tokenizer(CLIP_SPECIAL)
    ends = [(token, CLIP_SPECIAL.index(token)) for token in ("<bos>", "<eos>")]
    words.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=ends
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # the library's
        tokenizer_object=words,
        pad_token="<pad>",  # noqa: S106
        bos_token="<bos>",  # noqa: S106
        eos_token="<eos>",  # noqa: S106
        unk_token=UNKNOWN,
        padding_side="right",
        model_max_length=CLIP_LENGTH,
    )


def _word_tokenizer(special: tuple[str, ...]) -> Tokenizer:
    splitter = pre_tokenizers.Whitespace()
    words = {word for text in _texts() for word, _ in splitter.pre_tokenize_str(text.lower())}
    order = [*special, *sorted(words)]
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(order)}, unk_token=UNKNOWN)
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = splitter
    tokenizer.add_special_tokens(list(special))
    return tokenizer


def _texts() -> Iterable[str]:
    yield from (FRAMES, EMPTY, INSTRUCTION, CONTEXT.format(name=""))
    yield from (*COLOURS, *SHAPES, *ANSWERS)
    yield from (state.phrase for state in STATES.values())
    for motion in MOTIONS.values():
        yield from (motion.verb, motion.gerund, motion.path)
