"""Videos of the demo with their ground truth, drawn into a folder once and then kept."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zs_dagster.demo.drawing import Image, random_background, render
from zs_dagster.demo.stories import FPS, Story, write_story
from zs_dagster.demo.world import HELD_OUT, SEEN, Split
from zs_dagster.digests import file_digest
from zs_dagster.files import atomic_path, write_text
from zs_dagster.progress import track

# Part of the identity of a video: raise it whenever a change alters a single pixel.
GENERATOR_VERSION = "1"
DRAWING = "drawn videos"
SIZE = 96
NUM_VIDEOS: dict[Split, int] = {"validation": 14, "test": 28}
SEEDS: dict[Split, int] = {"validation": 7_000, "test": 9_000}
DURATION_S = (60, 90)
NOISE = 2.0
NUM_NOISES = 8
ENCODER: dict[str, object] = {"crf": "23", "preset": "superfast", "threads": "1"}


@dataclass(frozen=True)
class Script:
    """A video before it is drawn."""

    video_id: str
    seed: int
    story: Story


def scripts(split: Split) -> list[Script]:
    """Return the videos of a split; the same ones at every call."""
    return [_script(split, number) for number in range(NUM_VIDEOS[split])]


def _script(split: Split, number: int) -> Script:
    seed = SEEDS[split] + number
    rng = np.random.default_rng(seed)
    group = HELD_OUT[split]
    # Two actors a video, each combination in equally many videos and with changing partners.
    partner = number + 1 + number // len(group)
    actors = [group[number % len(group)], group[partner % len(group)]]
    story = write_story(rng, actors, SEEN, float(rng.integers(*DURATION_S)))
    return Script(f"{split}-{number:02d}", seed, story)


def draw(script: Script, size: int = SIZE) -> Iterator[Image]:
    """Draw the frames of a video in order, uint8 RGB ``(size, size, 3)``."""
    rng = np.random.default_rng([script.seed, 1])
    background = random_background(rng, size)
    noises = rng.normal(0, NOISE, (NUM_NOISES, size, size, 1)).astype(np.float32)
    for index in range(round(script.story.duration_s * FPS)):
        things = script.story.things(index / FPS)
        yield render(background, things, noises[index % NUM_NOISES])


def write_videos(folder: Path, split: Split) -> None:
    """Draw the videos of a split and their ground truth into a folder.

    A video that is already there, whole and of this generator, is kept, so a second call
    costs milliseconds and an interrupted one is completed.

    Args:
        folder: Gets ``<video_id>.mp4`` (H.264, 8 fps, square), ``ground_truth.json`` in the
            ActivityNet format and ``manifest.json``. Created if missing.
        split: ``test`` for reported numbers, ``validation`` for decisions.
    """
    made = scripts(split)
    draw_scripts(folder, made)
    _write_json(folder / "ground_truth.json", ground_truth(made))


def draw_scripts(folder: Path, made: Sequence[Script]) -> None:
    """Draw the videos that are not yet there, and the manifest that says which are whole."""
    digests = _known_digests(folder)
    for script in track(made, DRAWING, len(made)):
        path = folder / f"{script.video_id}.mp4"
        if not path.is_file() or digests.get(path.name) != file_digest(path):
            encode(path, script)
            digests[path.name] = file_digest(path)
            _write_json(folder / "manifest.json", _manifest(digests))


def ground_truth(made: list[Script]) -> dict[str, Any]:
    """Return the annotations of videos in the ActivityNet format, times in seconds."""
    return {
        "version": f"zs_dagster demo {GENERATOR_VERSION}",
        "database": {script.video_id: _annotations(script.story) for script in made},
    }


def _annotations(story: Story) -> dict[str, Any]:
    return {
        # The format knows no other name for videos with labels that are scored.
        "subset": "test",
        "duration": story.duration_s,
        "annotations": [
            {"label": action.action.label, "segment": [action.start_s, action.end_s]}
            for action in story.actions
        ],
    }


def encode(path: Path, script: Script) -> None:
    """Draw one video into an H.264 file; the same script gives the same bytes."""
    import av

    with atomic_path(path) as temporary, av.open(str(temporary), "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=FPS)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = ENCODER
        for image in draw(script):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode())


def _manifest(digests: dict[str, str]) -> dict[str, Any]:
    return {"generator": GENERATOR_VERSION, "blake2b": digests}


def _known_digests(folder: Path) -> dict[str, str]:
    """Read the digests of the videos this generator drew; none if the file says otherwise."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["generator"] != GENERATOR_VERSION:
            return {}
        return dict(manifest["blake2b"])
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
