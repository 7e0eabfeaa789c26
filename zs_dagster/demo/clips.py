"""Short clips of one action each, for classification: combinations that training never saw."""

from pathlib import Path

import numpy as np

from zs_dagster.demo.stories import Story, act, drifts
from zs_dagster.demo.videos import Script, draw_scripts
from zs_dagster.demo.world import HELD_OUT, MOTIONS, SEEN, ActionClass, axis_of
from zs_dagster.files import write_text

SEED = 11_000
CLIPS_PER_CLASS = 12
BEFORE_S, LASTS_S, AFTER_S = (0.5, 2.0), (3.0, 6.0), (0.5, 2.0)


def clip_classes() -> tuple[ActionClass, ...]:
    """Return the classes: each held-out combination of the test split with its first motion.

    Not both directions: a model that looks at single frames cannot tell them apart.
    """
    return tuple(ActionClass(c, MOTIONS[axis_of(c)[0]]) for c in HELD_OUT["test"])


def clip_scripts() -> list[Script]:
    """Return all clips; the same ones at every call."""
    return [
        _script(action, number, SEED + 100 * place + number)
        for place, action in enumerate(clip_classes())
        for number in range(CLIPS_PER_CLASS)
    ]


def _script(action: ActionClass, number: int, seed: int) -> Script:
    """Let one thing act among two lanes of drifting ones, half of them akin to it."""
    rng = np.random.default_rng(seed)
    before, lasts, after = (
        round(rng.uniform(*range_s) * 2) / 2 for range_s in (BEFORE_S, LASTS_S, AFTER_S)
    )
    duration_s = before + lasts + after
    tracks = [t for _ in range(2) for t in drifts(rng, [action.combination], SEEN, duration_s)]
    tracks.append(act(rng, action.combination, (0.0, 1.0), (before, before + lasts)))
    order = rng.permutation(len(tracks))
    story = Story(duration_s, tuple(tracks[i] for i in order), ())
    return Script(f"{action.label.replace(' ', '-')}-{number:02d}", seed, story)


def write_clips(folder: Path) -> None:
    """Draw the clips and ``ground_truth.csv`` into a folder; those already there are kept."""
    made = clip_scripts()
    draw_scripts(folder, made)
    labels = [action.label for action in clip_classes() for _ in range(CLIPS_PER_CLASS)]
    rows = [f"{s.video_id},,,{label}" for s, label in zip(made, labels, strict=True)]
    text = "\n".join(["video,start_s,end_s,label", *rows, ""])
    path = folder / "ground_truth.csv"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
