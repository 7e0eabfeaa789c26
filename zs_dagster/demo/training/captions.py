"""Captions of frames and what they claim; never one that names a held-out pair."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zs_dagster.demo.choosing import pick
from zs_dagster.demo.world import MOTIONS, UNNAMED, ActionClass, Combination, Thing, article

EMPTY = "an empty scene"


class Caption(NamedTuple):
    """A text and the things it claims to be there; `UNNAMED` claims nothing of its part."""

    text: str
    claims: tuple[Combination, ...]


def caption(rng: np.random.Generator, things: Sequence[Thing]) -> Caption:
    """Describe one or two of the things of a frame, in one of the forms a class is written.

    A frame does not tell rising from falling, so the motion is any, and true of any.
    """
    named = [thing.combination for thing in things if UNNAMED not in thing.combination]
    if things and rng.random() < 0.15:
        return _attribute(rng, pick(rng, things).combination)
    if not named:
        return Caption(EMPTY, ()) if not things else _attribute(rng, things[0].combination)
    order = rng.permutation(len(named))
    first = named[order[0]]
    if len(named) > 1 and rng.random() < 0.2:
        second = named[order[1]]
        return Caption(f"{first.a_name} and {second.a_name}", (first, second))
    return Caption(_class_text(rng, first), (first,))


def is_true(claims: Sequence[Combination], things: Sequence[Thing]) -> bool:
    """Say whether a frame shows all that a caption claims; no claim means an empty frame."""
    if not claims:
        return not things
    return all(any(_fits(claim, thing) for thing in things) for claim in claims)


def _fits(claim: Combination, thing: Thing) -> bool:
    return claim.colour in (UNNAMED, thing.colour) and claim.shape in (UNNAMED, thing.shape)


def _attribute(rng: np.random.Generator, combination: Combination) -> Caption:
    """Name only the colour or only the shape."""
    colour, shape = combination
    if shape == UNNAMED or (colour != UNNAMED and rng.random() < 0.5):
        return Caption(f"{article(colour)} {colour} object", (Combination(colour, UNNAMED),))
    return Caption(f"a {shape}", (Combination(UNNAMED, shape),))


def _class_text(rng: np.random.Generator, combination: Combination) -> str:
    motion = pick(rng, list(MOTIONS.values()))
    action = ActionClass(combination, motion)
    forms = (
        combination.a_name,
        combination.name,
        action.label,
        f"{combination.a_name} {motion.verb}",
        action.prompt_name,
        action.description,
    )
    opening = pick(rng, ("", "", "a photo of ", "a video of "))
    return opening + pick(rng, forms)
