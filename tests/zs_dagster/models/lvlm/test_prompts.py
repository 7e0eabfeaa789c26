"""What the model reads."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.untyped import Json, Processor

ModelFolder = Callable[[str], Path]
hf: Json = transformers
FAMILIES = ["llava_onevision", "pixtral", "qwen2_5_vl", "qwen3_vl"]


def load(folder: Path) -> tuple[Prompts, Processor]:
    processor = hf.AutoProcessor.from_pretrained(folder)
    return Prompts(processor), processor


@pytest.mark.parametrize("family", FAMILIES)
def test_batched_and_spliced_prompts_are_what_the_library_makes(
    model_folder: ModelFolder,
    frames: NDArray[np.uint8],
    questions: tuple[str, ...],
    family: str,
) -> None:
    prompts, _ = load(model_folder(family))
    texts = [prompts.render(question) for question in questions]
    batch = prompts.batch(frames, texts[0])
    spliced = prompts.splice(batch["input_ids"][0].tolist(), texts)
    for question, ids in zip(questions, spliced, strict=True):
        whole = prompts.whole(frames[0], question)
        assert whole["input_ids"][0].tolist() == ids
    pixels = prompts.whole(frames[0], questions[0])["pixel_values"]
    torch.testing.assert_close(batch["pixel_values"][: len(pixels)], pixels, rtol=0, atol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_template_writes_the_question_behind_the_image(
    model_folder: ModelFolder, family: str
) -> None:
    prompts, _ = load(model_folder(family))
    text = prompts.render("Is it day?")
    assert 0 <= text.find("<|image|>") < text.find("Is it day?")


def test_a_template_that_drops_the_question_is_refused(model_folder: ModelFolder) -> None:
    prompts, processor = load(model_folder("llava_onevision"))
    processor.chat_template = "<|image|>{{ messages[0]['content'][1]['words'] }} Answer:"
    with pytest.raises(ModelError, match=r"must write the question, got .*<\|image\|> Answer:"):
        prompts.render("Is it day?")


def test_a_template_that_writes_the_start_token_gets_no_second_one(
    model_folder: ModelFolder, frames: NDArray[np.uint8]
) -> None:
    prompts, processor = load(model_folder("pixtral"))
    ids = prompts.batch(frames, prompts.render("Is it day?"))["input_ids"][0].tolist()
    start = processor.tokenizer.bos_token_id
    assert ids[0] == start
    assert ids.count(start) == 1


@pytest.mark.parametrize("token", ["<|im_end|>", "<|image|>", "<|video|>"])
def test_a_question_cannot_write_control_tokens(model_folder: ModelFolder, token: str) -> None:
    prompts, _ = load(model_folder("llava_onevision"))
    with pytest.raises(InputError, match=r"must not contain control tokens.*rename the class"):
        prompts.check(["Is it day?", f"Is it {token} day?"])


def test_a_question_must_have_text(model_folder: ModelFolder) -> None:
    prompts, _ = load(model_folder("llava_onevision"))
    with pytest.raises(InputError, match="a question must have text, got ' '"):
        prompts.check([" "])


def test_a_template_that_writes_the_question_first_cannot_be_spliced(
    model_folder: ModelFolder, frames: NDArray[np.uint8]
) -> None:
    prompts, processor = load(model_folder("llava_onevision"))
    processor.chat_template = "{{ messages[0]['content'][1]['text'] }} <|image|> Answer:"
    texts = [prompts.render(question) for question in ("Is it day?", "Is it night?")]
    row = prompts.batch(frames, texts[0])["input_ids"][0].tolist()
    with pytest.raises(ModelError, match=r"must agree up to the image.*use mode 'naive'"):
        prompts.splice(row, texts)


def test_a_row_that_does_not_end_like_its_prompt_cannot_be_spliced(
    model_folder: ModelFolder,
) -> None:
    prompts, _ = load(model_folder("llava_onevision"))
    with pytest.raises(ModelError, match="does not keep to it"):
        prompts.splice([1, 2, 3], [prompts.render("Is it day?")])


def test_a_template_without_image_cannot_be_spliced(model_folder: ModelFolder) -> None:
    prompts, _ = load(model_folder("llava_onevision"))
    with pytest.raises(ModelError, match="exactly one image placeholder"):
        prompts.splice([1, 2, 3], ["Is it day?"])
