"""The drawn world in words: things, motions, states, classes, questions and what is held out.

No pixels here; `drawing` makes those, `stories` says what happens when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Split = Literal["validation", "test"]

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 225),
    "yellow": (238, 218, 50),
    "purple": (160, 55, 190),
    "orange": (242, 135, 25),
    "white": (240, 240, 240),
    "cyan": (60, 205, 215),
    "pink": (250, 150, 190),
}
SHAPES = ("ball", "square", "triangle", "star", "cross", "ring", "moon", "bar")
# A colour off the palette, or a shape off the list: it has no name and nobody asks about it.
UNNAMED = "unnamed"

# Fractions of the side of the frame.
SMALL_RADIUS, LARGE_RADIUS = 0.08, 0.25
MEDIUM_RADIUS = (0.115, 0.155)


def article(word: str) -> str:
    """Return "a" or "an"."""
    return "an" if word[0] in "aeiou" else "a"


class Combination(NamedTuple):
    """A colour and a shape."""

    colour: str
    shape: str

    @property
    def name(self) -> str:
        """As in "red ball"."""
        return f"{self.colour} {self.shape}"

    @property
    def a_name(self) -> str:
        """As in "a red ball" or "an orange ring"."""
        return f"{article(self.colour)} {self.name}"


def _diagonal(offset: int) -> tuple[Combination, ...]:
    names = list(COLOURS)
    return tuple(
        Combination(names[(i + offset) % len(names)], shape) for i, shape in enumerate(SHAPES)
    )


# Two diagonals of the colour-shape table: every colour and every shape misses one or two
# partners in training, so that no single one is missing much.
HELD_OUT: dict[Split, tuple[Combination, ...]] = {
    "test": _diagonal(0),
    "validation": _diagonal(4),
}
SEEN = tuple(
    combination
    for combination in (Combination(c, s) for c in COLOURS for s in SHAPES)
    if all(combination not in group for group in HELD_OUT.values())
)


@dataclass(frozen=True)
class Thing:
    """One thing in one frame; lengths are fractions of the frame's side, y points down."""

    colour: str
    shape: str
    x: float
    y: float
    radius: float
    rgb: tuple[float, float, float]
    turn: float = 0.0
    alpha: float = 1.0

    @property
    def combination(self) -> Combination:
        """Colour and shape; either may be `UNNAMED`."""
        return Combination(self.colour, self.shape)


class State(NamedTuple):
    """Something true or false of a thing in one frame: ``sign * (value - bound) > 0``."""

    phrase: str
    measure: Literal["x", "y", "radius"]
    sign: int
    bound: float
    softness: float


STATES: dict[str, State] = {
    "bottom": State("at the bottom", "y", 1, 0.77, 0.025),
    "top": State("at the top", "y", -1, 0.23, 0.025),
    "left": State("on the left", "x", -1, 0.23, 0.025),
    "right": State("on the right", "x", 1, 0.77, 0.025),
    "small": State("small", "radius", -1, 0.098, 0.004),
    "large": State("large", "radius", 1, 0.215, 0.008),
}


class Motion(NamedTuple):
    """A way to move from one state to the opposite one."""

    verb: str
    gerund: str
    start: str
    end: str
    path: str


MOTIONS: dict[str, Motion] = {
    motion.verb: motion
    for motion in (
        Motion("rises", "rising", "bottom", "top", "from the bottom to the top"),
        Motion("falls", "falling", "top", "bottom", "from the top to the bottom"),
        Motion("slides right", "sliding right", "left", "right", "from left to right"),
        Motion("slides left", "sliding left", "right", "left", "from right to left"),
        Motion("grows", "growing", "small", "large", "from small to large"),
        Motion("shrinks", "shrinking", "large", "small", "from large to small"),
    )
}
# Opposite motions pass the same places, so only the order of the states tells them apart.
AXES: tuple[tuple[str, str], ...] = (
    ("rises", "falls"),
    ("slides right", "slides left"),
    ("grows", "shrinks"),
)


@dataclass(frozen=True)
class ActionClass:
    """A class to localize: one combination doing one motion."""

    combination: Combination
    motion: Motion

    @property
    def label(self) -> str:
        """As in "red ball rises"."""
        return f"{self.combination.name} {self.motion.verb}"

    @property
    def prompt_name(self) -> str:
        """As in "a red ball rising", for "This is a frame from a video of ..."."""
        return f"{self.combination.a_name} {self.motion.gerund}"

    @property
    def description(self) -> str:
        """As in "a red ball rises from the bottom to the top"."""
        return f"{self.combination.a_name} {self.motion.verb} {self.motion.path}"


def axis_of(combination: Combination) -> tuple[str, str]:
    """Return the pair of opposite motions that a combination does in videos."""
    return AXES[SHAPES.index(combination.shape) % len(AXES)]


def classes(split: Split) -> tuple[ActionClass, ...]:
    """Return the classes of a split: each held-out combination with two opposite motions."""
    return tuple(
        ActionClass(combination, MOTIONS[verb])
        for combination in HELD_OUT[split]
        for verb in axis_of(combination)
    )


def state_question(combination: Combination, state: str) -> str:
    """Return the question of the query bank, as in "Is the red ball at the bottom?"."""
    return f"Is the {combination.name} {STATES[state].phrase}?"


def presence_question(combination: Combination) -> str:
    """Return the question whether a combination is there, as in "Is there a red ball?"."""
    return f"Is there {combination.a_name}?"


def state_truth(thing: Thing, state: str) -> float:
    """Return how far a thing is in a state, 0 to 1; 0.5 at the bound, soft around it."""
    rule = STATES[state]
    value: float = getattr(thing, rule.measure)
    depth = rule.sign * (value - rule.bound) / rule.softness
    return float(1 / (1 + np.exp(-np.clip(depth, -30, 30))))


def truth(
    things: Sequence[Thing], state: str, colour: str | None = None, shape: str | None = None
) -> float:
    """Return the truth, 0 to 1, of "there is a <colour> <shape> <state>"; ``None`` is any."""
    return max(
        (
            state_truth(thing, state)
            for thing in things
            if colour in (None, thing.colour) and shape in (None, thing.shape)
        ),
        default=0.0,
    )
