"""The shipped demo CLIP, trained further on drawn clips of combinations it has seen."""

from pathlib import Path

import numpy as np
import pytest

from zs_dagster.demo.drawing import random_background, render
from zs_dagster.demo.stories import Story, act, drifts
from zs_dagster.demo.world import MOTIONS, SEEN, ActionClass
from zs_dagster.digests import digest
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.clip_training.base import load_base
from zs_dagster.models.clip_training.loop import Job
from zs_dagster.models.clip_training.recipe import Recipe
from zs_dagster.models.clip_training.train import train_clip
from zs_dagster.models.profiles import load_profile

SECONDS, SIZE = 4.0, 96
ACTIONS = [ActionClass(c, MOTIONS["rises"]) for c in SEEN[::12]]
# Each class goes by the name of the next one, so that the shipped model is always wrong.
NAMES = [action.prompt_name for action in [*ACTIONS[1:], ACTIONS[0]]]


class Drawn:
    """Clips of one thing that acts among others that drift."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @property
    def fingerprint(self) -> str:
        return digest("drawn", self.seed)

    def __len__(self) -> int:
        return 4 * len(ACTIONS)

    def label(self, number: int) -> int:
        return number % len(ACTIONS)

    def frames(self, number: int, rng: np.random.Generator) -> np.ndarray:
        own = np.random.default_rng([self.seed, number])
        combination = ACTIONS[self.label(number)].combination
        tracks = drifts(own, [combination], SEEN, SECONDS)
        tracks = [*tracks, act(own, combination, (0.0, 1.0), (0.0, SECONDS))]
        story, background = Story(SECONDS, tuple(tracks), ()), random_background(own, SIZE)
        noise = own.normal(0, 2, (SIZE, SIZE, 1)).astype(np.float32)
        times = (np.arange(3) + rng.random(3)) * SECONDS / 3
        return np.stack([render(background, story.things(time), noise) for time in times])


def loss_of(model: str, prompt: str) -> float:
    """Cross entropy on other clips without augmentation, through the encoder of the project."""
    encoder, clips = OpenClipEncoder(model, device="cpu"), Drawn(1)
    texts = encoder.encode_texts([prompt.format(name=name) for name in NAMES])
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    losses = []
    for number in range(len(clips)):
        frames = clips.frames(number, np.random.default_rng(number))
        video = encoder.encode_frames(frames).mean(0)
        logits = 15 * texts @ (video / np.linalg.norm(video))
        losses.append(np.log(np.exp(logits).sum()) - logits[clips.label(number)])
    return float(np.mean(losses))


def test_a_few_steps_teach_the_demo_model_other_names(tmp_path: Path) -> None:
    shipped, out = load_profile("demo").clip.model, tmp_path / "clip"
    # Colours are part of the labels here, so they are left as they are.
    recipe = Recipe(
        epochs=4,
        batch=8,
        accumulation=2,
        rate=3e-4,
        warm_up_epochs=1,
        frames=3,
        prompt="a video of {name}",
        colour_jitter=0,
        greyscale=0,
    )
    names = {action.label: name for action, name in zip(ACTIONS, NAMES, strict=True)}
    record = train_clip(load_base(shipped, None, "cpu"), Job(Drawn(0), names, recipe), out)
    losses = [epoch["loss"] for epoch in record["epochs"]]
    before, after = (loss_of(m, recipe.prompt) for m in (shipped, f"local-dir:{out}"))
    assert losses == sorted(losses, reverse=True)
    # On clips that training did not see.
    assert after < 0.5 * before
    assert record["epochs"][0]["logit_scale"] == pytest.approx(15.7, abs=1)
