"""Videos of a few actions each with written captions, of combinations that training may see."""

import json
from pathlib import Path

import numpy as np

from zs_dagster.demo.choosing import pick
from zs_dagster.demo.stories import Action, Story, act, drifts
from zs_dagster.demo.videos import Script, draw_scripts
from zs_dagster.demo.world import AXES, MOTIONS, SEEN, ActionClass
from zs_dagster.files import write_text

SEED = 20_000
NUM_VIDEOS = 160
ACTIONS_PER_VIDEO = 3
LASTS_S, PAUSE_S = (3.0, 6.0), (0.5, 2.0)
# In words that the text tower of the demo knows.
FORMS = (
    "{thing} {motion.verb} {motion.path}",
    "{thing} {motion.gerund}",
    "a video of {thing} {motion.gerund} {motion.path}",
    "there is {thing} {motion.gerund} in the scene",
)


def caption_classes() -> tuple[ActionClass, ...]:
    """Return what the videos may show: every seen combination with every motion.

    So the motion of a thing cannot be guessed from its shape, as in the other videos.
    """
    return tuple(ActionClass(c, motion) for c in SEEN for motion in MOTIONS.values())


def caption_scripts() -> list[Script]:
    """Return all videos; the same ones at every call."""
    return [_script(number) for number in range(NUM_VIDEOS)]


def _script(number: int) -> Script:
    """Let things act one after the other among two lanes of drifting ones."""
    seed = SEED + number
    rng = np.random.default_rng(seed)
    # In turn, so that every combination acts equally often.
    first = ACTIONS_PER_VIDEO * number
    actors = [SEEN[(first + place) % len(SEEN)] for place in range(ACTIONS_PER_VIDEO)]
    clock, tracks, actions = 0.0, [], []
    for actor in actors:
        start_s = clock + _halves(rng, PAUSE_S)
        clock = start_s + _halves(rng, LASTS_S)
        course, axis = pick(rng, ((0.0, 1.0), (1.0, 0.0))), pick(rng, AXES)
        tracks.append(act(rng, actor, course, (start_s, clock), axis[0]))
        motion = MOTIONS[axis[int(course[0])]]
        actions.append(Action(ActionClass(actor, motion), start_s, clock))
    duration_s = clock + _halves(rng, PAUSE_S)
    tracks += [t for _ in range(2) for t in drifts(rng, actors, SEEN, duration_s)]
    order = rng.permutation(len(tracks))
    story = Story(duration_s, tuple(tracks[i] for i in order), tuple(actions))
    return Script(f"captioned-{number:03d}", seed, story)


def captions_text() -> str:
    """Return the captions of all videos, ActivityNet Captions JSON."""
    entries = {script.video_id: _entry(script) for script in caption_scripts()}
    return json.dumps(entries, indent=1) + "\n"


def _entry(script: Script) -> dict[str, object]:
    rng = np.random.default_rng([script.seed, 2])
    actions = script.story.actions
    return {
        "duration": script.story.duration_s,
        "timestamps": [[action.start_s, action.end_s] for action in actions],
        "sentences": [caption(rng, action.action) for action in actions],
    }


def caption(rng: np.random.Generator, action: ActionClass) -> str:
    """Write a sentence about an action; it says the thing and the motion."""
    return pick(rng, FORMS).format(thing=action.combination.a_name, motion=action.motion)


def write_captioned(folder: Path) -> None:
    """Draw the videos and ``captions.json`` into a folder; those already there are kept."""
    draw_scripts(folder, caption_scripts())
    path, text = folder / "captions.json", captions_text()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _halves(rng: np.random.Generator, range_s: tuple[float, float]) -> float:
    return round(rng.uniform(*range_s) * 2) / 2
