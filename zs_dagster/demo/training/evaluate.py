"""How good the two models are, on seen and on held-out pairs, in stills and in videos.

The models are loaded as everybody loads them. Only the questions of one frame are packed,
which changes their answers by rounding alone.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import av
import numpy as np
import open_clip
import torch
from PIL import Image as Pillow
from torch.nn import functional
from transformers import AutoModelForImageTextToText, AutoProcessor

from zs_dagster.demo.choosing import pick
from zs_dagster.demo.drawing import Image
from zs_dagster.demo.stories import FPS, write_story
from zs_dagster.demo.training.measures import FloatArray, mean_ranking_quality, recalls
from zs_dagster.demo.training.packing import Packer
from zs_dagster.demo.training.questions import class_prompt
from zs_dagster.demo.training.scenes import arranged_scene, random_thing, single_scene
from zs_dagster.demo.training.untyped import LlavaModel
from zs_dagster.demo.training.vision import features
from zs_dagster.demo.videos import Script, encode, scripts
from zs_dagster.demo.world import (
    COLOURS,
    HELD_OUT,
    MOTIONS,
    SEEN,
    SHAPES,
    ActionClass,
    Combination,
    Thing,
    axis_of,
    truth,
)

Group = Literal["seen", "validation", "test"]
GROUPS: tuple[Group, ...] = ("seen", "validation", "test")
SEED = 4_711
NUM_STILLS = 400
NUM_SINGLES = 400
NUM_SEEN_VIDEOS = 10
SECONDS_BETWEEN_FRAMES = 2
BATCH = 32
EVERY_PAIR = tuple(Combination(c, s) for c in COLOURS for s in SHAPES)


@dataclass(frozen=True)
class Question:
    """A class prompt with what it asks about."""

    action: ActionClass
    state: str

    @property
    def prompt(self) -> str:
        """As the localization asks it."""
        return class_prompt(self.action, self.state)

    def truth(self, things: Sequence[Thing]) -> float:
        """Return how true "yes" is of a frame."""
        return truth(things, self.state, *self.action.combination)


@dataclass(frozen=True)
class Frames:
    """Frames with what they show, and the classes to ask about."""

    images: list[Image]
    things: list[list[Thing]]
    actions: list[ActionClass]

    @property
    def questions(self) -> list[Question]:
        """Start and end question of every class."""
        return [
            Question(action, state)
            for action in self.actions
            for state in (action.motion.start, action.motion.end)
        ]

    @property
    def truth(self) -> FloatArray:
        """Truth of every question in every frame, ``(frames, questions)``."""
        return np.array([[q.truth(things) for q in self.questions] for things in self.things])

    @property
    def present(self) -> np.ndarray:
        """Which class's pair each frame shows at all, boolean ``(frames, classes)``."""
        shown = [{thing.combination for thing in things} for things in self.things]
        return np.array([[a.combination in pairs for a in self.actions] for pairs in shown])


def evaluate(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Measure both models of a folder.

    Returns:
        Numbers by material (stills, videos, one thing) and group of pairs.
    """
    lvlm, clip = Lvlm(folder / "lvlm"), Clip(folder / "clip")
    report: dict[str, dict[str, dict[str, float]]] = {}
    for group in GROUPS:
        for material, parts in (("stills", [_stills(group)]), ("videos", _videos(group))):
            report.setdefault(material, {})[group] = _measure(lvlm, clip, parts)
        report.setdefault("one thing", {})[group] = {"clip_top1": _top1(clip, group)}
    return report


def _measure(lvlm: "Lvlm", clip: "Clip", parts: list[Frames]) -> dict[str, float]:
    said = [lvlm.answer(p.images, [q.prompt for q in p.questions]).ravel() for p in parts]
    known = [part.truth.ravel() for part in parts]
    ranks = [
        mean_ranking_quality(
            p.present, clip.compare(p.images, [a.description for a in p.actions])
        )
        for p in parts
    ]
    return {
        **recalls(np.concatenate(known), np.concatenate(said)),
        "clip_presence_auc": float(np.mean(ranks)),
    }


def pairs_of(group: Group) -> tuple[Combination, ...]:
    """Return the combinations of a group."""
    return SEEN if group == "seen" else HELD_OUT[group]


def _stills(group: Group) -> Frames:
    """Arrange things, half of them of the group; ask about every pair of it, all states."""
    rng = np.random.default_rng([SEED, GROUPS.index(group)])
    pairs = pairs_of(group)
    asked = [pairs[i] for i in rng.permutation(len(pairs))[:8]]
    pool = [*asked * (len(SEEN) // len(asked)), *SEEN]
    found = [arranged_scene(rng, pool) for _ in range(NUM_STILLS)]
    actions = [ActionClass(pair, MOTIONS[verb]) for pair in asked for verb in FORWARD]
    return Frames([scene.image for scene in found], [s.things for s in found], actions)


# One motion of each axis: its two questions are the two states of the axis.
FORWARD = ("rises", "slides right", "grows")


def _videos(group: Group) -> list[Frames]:
    if group == "seen":
        return [_seen_video(number) for number in range(NUM_SEEN_VIDEOS)]
    return [_frames(script, _classes(HELD_OUT[group])) for script in scripts(group)]


def _classes(pairs: Sequence[Combination]) -> list[ActionClass]:
    return [ActionClass(pair, MOTIONS[verb]) for pair in pairs for verb in axis_of(pair)]


def _seen_video(number: int) -> Frames:
    rng = np.random.default_rng([SEED, 9, number])
    pairs = [SEEN[i] for i in rng.permutation(len(SEEN))[:8]]
    extras = [pair for pair in SEEN if pair not in pairs[:2]]
    script = Script(f"seen-{number}", SEED + number, write_story(rng, pairs[:2], extras, 75.0))
    return _frames(script, _classes(pairs))


def _frames(script: Script, actions: list[ActionClass]) -> Frames:
    """Write a video, read it back and take a frame every other second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        encode(path, script)
        with av.open(str(path)) as file:
            step = FPS * SECONDS_BETWEEN_FRAMES
            chosen = islice(file.decode(video=0), None, None, step)
            images = [_pixels(frame) for frame in chosen]
    times = [index * SECONDS_BETWEEN_FRAMES for index in range(len(images))]
    return Frames(images, [script.story.things(time_s) for time_s in times], actions)


def _pixels(frame: av.VideoFrame) -> Image:
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def _top1(clip: "Clip", group: Group) -> float:
    """Show one thing of the group at a time and choose among the names of all pairs."""
    rng = np.random.default_rng([SEED, 5, GROUPS.index(group)])
    pairs = pairs_of(group)
    shown = [pick(rng, pairs) for _ in range(NUM_SINGLES)]
    images = [single_scene(rng, random_thing(rng, pair)).image for pair in shown]
    scores = clip.compare(images, [pair.a_name for pair in EVERY_PAIR])
    return float(
        np.mean([EVERY_PAIR[i] == p for i, p in zip(scores.argmax(1), shown, strict=True)])
    )


class Lvlm:
    """The LVLM of a folder, many questions a frame."""

    def __init__(self, folder: Path) -> None:
        # The library's own calls are untyped.
        self._processor = AutoProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
        self._model = _load(folder)
        self._packer = Packer(self._model, self._processor)
        self._yes_no = [self._packer.word("yes"), self._packer.word("no")]

    def answer(self, images: Sequence[Image], prompts: Sequence[str]) -> FloatArray:
        """Return P(yes), ``(frames, prompts)``."""
        questions = [self._packer.question(prompt) for prompt in prompts]
        parts = [
            self._batch(images[start : start + BATCH], questions)
            for start in range(0, len(images), BATCH)
        ]
        return np.concatenate(parts)

    @torch.inference_mode()
    def _batch(self, images: Sequence[Image], questions: list[list[int]]) -> FloatArray:
        prepared = self._processor.image_processor(
            images=[Pillow.fromarray(image) for image in images], return_tensors="pt"
        )
        # Base image and its only tile are the same 64 pixels square.
        patches = features(self._model.model.vision_tower, prepared["pixel_values"][:, 0])
        states, last = self._packer.hidden(patches, [questions] * len(images))
        logits = self._packer.logits(states, last)[..., self._yes_no]
        answers: FloatArray = logits.softmax(-1)[..., 0].double().numpy()
        return answers


def _load(folder: Path) -> LlavaModel:
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)


class Clip:
    """The CLIP of a folder."""

    def __init__(self, folder: Path) -> None:
        name = f"local-dir:{folder}"
        self._model, _, self._prepare = open_clip.create_model_and_transforms(
            name, require_pretrained=True
        )
        self._model.eval()
        self._tokenize = open_clip.get_tokenizer(name)

    @torch.inference_mode()
    def compare(self, images: Sequence[Image], texts: Sequence[str]) -> FloatArray:
        """Return cosines, ``(frames, texts)``."""
        seen = torch.stack([self._prepare(Pillow.fromarray(image)) for image in images])
        image = functional.normalize(self._model.encode_image(seen), dim=-1)
        text = functional.normalize(
            self._model.encode_text(self._tokenize(list(texts))), dim=-1
        )
        cosines: FloatArray = (image @ text.T).double().numpy()
        return cosines
