"""The reference against the formula of the paper, written out with the library alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image

from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.untyped import Json

ModelFolder = Callable[[str], Path]
hf: Json = transformers


@pytest.mark.parametrize("family", ["llava_onevision", "qwen2_5_vl"])
def test_naive_is_the_softmax_over_the_yes_and_no_logits(
    model_folder: ModelFolder, frames: NDArray[np.uint8], family: str
) -> None:
    question = "Is the bar down? Only answer yes or no."
    folder = model_folder(family)
    processor = hf.AutoProcessor.from_pretrained(folder)
    model = hf.AutoModelForImageTextToText.from_pretrained(folder).eval()
    image = {"qwen2_5_vl": "<|vision_start|><|image|><|vision_end|>"}.get(family, "<|image|>\n")
    text = f"<|im_start|>user\n{image}{question}<|im_end|>\n<|im_start|>assistant\n"
    inputs = processor(text=[text], images=[Image.fromarray(frames[0])], return_tensors="pt")
    with torch.no_grad():
        logits = model(**inputs).logits[0, -1]
    ids = processor.tokenizer.convert_tokens_to_ids(["yes", "no"])
    expected = logits[ids].softmax(-1)[0].item()

    scorer = load_scorer(folder, tokens="paper", mode="naive")
    assert scorer.score(frames[:1], [question])[0, 0] == pytest.approx(expected, abs=1e-6)
