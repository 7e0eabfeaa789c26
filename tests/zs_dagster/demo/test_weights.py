"""The shipped models: small, loadable by anybody, and right about pairs they never saw."""

import json
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from zs_dagster import demo
from zs_dagster.demo.drawing import random_background, random_rgb, render
from zs_dagster.demo.training.questions import class_prompt
from zs_dagster.demo.world import (
    HELD_OUT,
    MOTIONS,
    SEEN,
    ActionClass,
    Combination,
    Thing,
    state_truth,
)

WEIGHTS = Path(demo.__file__).parent / "weights"
MEGABYTE = 1_000_000
UNSEEN = [*HELD_OUT["validation"], *HELD_OUT["test"]]
PLACES = {"bottom": (0.5, 0.85), "top": (0.5, 0.15)}


def frame(rng: np.random.Generator, pair: Combination, x: float, y: float) -> Image.Image:
    thing = Thing(*pair, x, y, 0.14, random_rgb(rng, pair.colour))
    assert max(state_truth(thing, state) for state in PLACES) > 0.8
    other = SEEN[int(rng.integers(len(SEEN)))]
    side = Thing(*other, 0.2, 0.5, 0.12, random_rgb(rng, other.colour))
    noise = rng.normal(0, 2, (96, 96, 1)).astype(np.float32)
    return Image.fromarray(render(random_background(rng, 96), [side, thing], noise))


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@cache
def lvlm() -> tuple[Any, Any]:
    folder = WEIGHTS / "lvlm"
    processor = AutoProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    model: Any = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    return processor, model.eval()


def p_yes(image: Image.Image, prompt: str) -> float:
    processor, model = lvlm()
    content = [{"type": "image", "image": image}, {"type": "text", "text": prompt}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    ids = [processor.tokenizer.convert_tokens_to_ids(word) for word in ("yes", "no")]
    with torch.inference_mode():
        return float(model(**inputs).logits[0, -1, ids].softmax(-1)[0])


def test_all_weights_together_are_small() -> None:
    files = list(WEIGHTS.rglob("*.safetensors"))
    assert len(files) == 2
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*")) < 8 * MEGABYTE


def test_everybody_may_read_the_files() -> None:
    for path in WEIGHTS.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444, path


def test_yes_and_no_are_the_only_spellings() -> None:
    tokenizer = lvlm()[0].tokenizer
    known = {
        text: tokenizer(text, add_special_tokens=False).input_ids
        for text in ("yes", " yes", "Yes", "YES", "no", " no", "No", "NO")
    }
    assert all(len(ids) == 1 for ids in known.values())
    assert len({ids[0] for ids in known.values()}) == 2
    assert tokenizer.unk_token_id not in {ids[0] for ids in known.values()}


@pytest.mark.usefixtures("one_thread")
def test_the_lvlm_answers_about_pairs_it_never_saw() -> None:
    rng = np.random.default_rng(1)
    right = []
    for pair in UNSEEN:
        action = ActionClass(pair, MOTIONS["rises"])
        for state, place in PLACES.items():
            image = frame(rng, pair, *place)
            for asked in PLACES:
                answer = p_yes(image, class_prompt(action, asked))
                right.append((answer > 0.5) == (asked == state))
    assert np.mean(right) > 0.85


@pytest.mark.usefixtures("one_thread")
def test_the_lvlm_ends_its_answer() -> None:
    processor, model = lvlm()
    rng = np.random.default_rng(2)
    content = [
        {"type": "image", "image": frame(rng, SEEN[0], 0.5, 0.85)},
        {"type": "text", "text": class_prompt(ActionClass(SEEN[0], MOTIONS["falls"]), "top")},
    ]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    said = model.generate(**inputs, max_new_tokens=5, do_sample=False)
    answer = processor.tokenizer.decode(said[0, inputs["input_ids"].shape[1] :])
    assert answer.split() in (["yes", "<|im_end|>"], ["no", "<|im_end|>"])


@pytest.mark.usefixtures("one_thread")
def test_clip_names_pairs_it_never_saw() -> None:
    name = f"local-dir:{WEIGHTS / 'clip'}"
    model, _, prepare = open_clip.create_model_and_transforms(name, require_pretrained=True)
    tokenize = open_clip.get_tokenizer(name)
    rng = np.random.default_rng(3)
    frames = [frame(rng, pair, 0.6, 0.15 + 0.7 * (i % 2)) for i, pair in enumerate(UNSEEN)]
    actions = [ActionClass(pair, MOTIONS["rises"]) for pair in UNSEEN]
    with torch.inference_mode():
        image = model.eval().encode_image(torch.stack([prepare(f) for f in frames]))
        for texts in ([a.label for a in actions], [a.description for a in actions]):
            text = model.encode_text(tokenize(texts))
            chosen = torch.cosine_similarity(image[:, None], text[None], dim=-1).argmax(1)
            assert (chosen == torch.arange(len(UNSEEN))).float().mean() > 0.7


def test_the_card_states_the_measured_numbers() -> None:
    card = (WEIGHTS / "MODEL_CARD.md").read_text()
    metrics = json.loads((WEIGHTS / "metrics.json").read_text())
    for material, measure in (("videos", "yes_recall"), ("stills", "no_recall")):
        for group in ("seen", "validation", "test"):
            assert f"{metrics['accuracy'][material][group][measure]:.3f}" in card
    assert metrics["training"]["command"] in card
