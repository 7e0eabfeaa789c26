"""Packed questions answer exactly as separate prompts do."""

from itertools import islice

import numpy as np
import torch
from PIL import Image

from zs_dagster.demo.training.lvlm import build_model, build_processor
from zs_dagster.demo.training.packing import Packer
from zs_dagster.demo.training.questions import yes_no_question
from zs_dagster.demo.training.scenes import Scene, scenes
from zs_dagster.demo.training.untyped import LlavaModel, Processor
from zs_dagster.demo.training.vision import features, pixels

CPU = torch.device("cpu")


def alone(model: LlavaModel, processor: Processor, scene: Scene, prompt: str) -> torch.Tensor:
    content = [
        {"type": "image", "image": Image.fromarray(scene.image)},
        {"type": "text", "text": prompt},
    ]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    logits: torch.Tensor = model(**inputs).logits[0, -1]
    return logits


def test_packed_logits_equal_those_of_separate_prompts() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    processor = build_processor()
    model = build_model(processor.tokenizer).eval()
    batch = list(islice(scenes(rng), 2))
    prompts = [[yes_no_question(rng, s.things).prompt for _ in range(3)] for s in batch]
    prompts[0][1] = "Is there a ball?"  # shorter than the others
    with torch.inference_mode():
        expected = [
            alone(model, processor, scene, prompt)
            for scene, row in zip(batch, prompts, strict=True)
            for prompt in row
        ]
        packer = Packer(model, processor)
        tokens = [[packer.question(prompt) for prompt in row] for row in prompts]
        patches = features(model.model.vision_tower, pixels([s.image for s in batch], CPU))
        states, last = packer.hidden(patches, tokens)
        packed = packer.logits(states, last).flatten(0, 1)
    torch.testing.assert_close(packed, torch.stack(expected), atol=1e-4, rtol=1e-4)
