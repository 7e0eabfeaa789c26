"""Questions about a frame, with their answers; never one that names a held-out pair."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from zs_dagster.demo.choosing import pick
from zs_dagster.demo.world import (
    COLOURS,
    MOTIONS,
    SEEN,
    SHAPES,
    STATES,
    UNNAMED,
    ActionClass,
    Combination,
    Thing,
    article,
    presence_question,
    state_question,
    state_truth,
    truth,
)

CONTEXT = "This is a frame from a video of {name}."
INSTRUCTION = "Only answer yes or no."
PLACES = ("top", "middle", "bottom", "left", "center", "right")
SIZES = ("small", "medium", "large")
# Words of one-word answers; every one is a token of the model.
ANSWERS = (*COLOURS, *SHAPES, *PLACES, *SIZES, "none", "yes", "no")
CONTEXT_SHARE = 0.88
PATIENCE = 16  # tries at a question with the wanted answer


class YesNo(NamedTuple):
    """A prompt and how true "yes" is, 0 to 1."""

    prompt: str
    truth: float


class Open(NamedTuple):
    """A prompt and the one word that answers it."""

    prompt: str
    answer: str


def class_prompt(action: ActionClass, state: str) -> str:
    """Write the prompt exactly as the localization asks it."""
    return _prompt(action.prompt_name, state_question(action.combination, state))


def _prompt(name: str | None, question: str) -> str:
    context = "" if name is None else CONTEXT.format(name=name) + " "
    return f"{context}{question} {INSTRUCTION}"


class _Asked(NamedTuple):
    """A bare question with its truth, and the pair and state that a fitting context names."""

    question: str
    truth: float
    combination: Combination
    state: str


def yes_no_question(
    rng: np.random.Generator, things: Sequence[Thing], context_share: float = CONTEXT_SHARE
) -> YesNo:
    """Ask something about a frame; yes and no come about nearly equally often.

    Args:
        rng: Source of every choice.
        things: What the frame shows.
        context_share: Share of questions, 0 to 1, that come with the sentence on the class.
    """
    wants_yes = rng.random() < 0.5
    ask = _KINDS[rng.choice(len(_KINDS), p=_KIND_SHARES)]
    asked = ask(rng, things)
    for _ in range(PATIENCE):
        if (asked.truth > 0.5) == wants_yes:
            break
        asked = ask(rng, things)
    name = _context(rng, asked) if rng.random() < context_share else None
    return YesNo(_prompt(name, asked.question), asked.truth)


def _ask_state(rng: np.random.Generator, things: Sequence[Thing]) -> _Asked:
    """As the query bank asks."""
    combination, state = _some_combination(rng, things), _some_state(rng, things)
    question = state_question(combination, state)
    return _Asked(question, truth(things, state, *combination), combination, state)


def _ask_presence(rng: np.random.Generator, things: Sequence[Thing]) -> _Asked:
    combination = _some_combination(rng, things)
    present = combination in [thing.combination for thing in things]
    question = presence_question(combination)
    return _Asked(question, float(present), combination, _some_state(rng, things))


def _ask_state_of_attribute(rng: np.random.Generator, things: Sequence[Thing]) -> _Asked:
    (colour, shape), state = _some_attribute(rng, things), _some_state(rng, things)
    question = f"Is the {shape or f'{colour} object'} {STATES[state].phrase}?"
    return _Asked(question, truth(things, state, colour, shape), pick(rng, SEEN), state)


def _ask_attribute_presence(rng: np.random.Generator, things: Sequence[Thing]) -> _Asked:
    colour, shape = _some_attribute(rng, things)
    present = any(colour == thing.colour or shape == thing.shape for thing in things)
    thing = f"a {shape}" if shape else f"{article(str(colour))} {colour} object"
    return _Asked(
        f"Is there {thing}?", float(present), pick(rng, SEEN), _some_state(rng, things)
    )


_KINDS = (_ask_state, _ask_presence, _ask_state_of_attribute, _ask_attribute_presence)
_KIND_SHARES = (0.68, 0.08, 0.16, 0.08)


def _context(rng: np.random.Generator, asked: _Asked) -> str:
    """Name a class for the context sentence; in a good part one that does not fit.

    The class alone must not give the answer away, so motion or combination vary.
    """
    combination = asked.combination if rng.random() < 0.83 else pick(rng, SEEN)
    motions = list(MOTIONS.values())
    if rng.random() < 0.77:
        motions = [motion for motion in motions if asked.state in (motion.start, motion.end)]
    action = ActionClass(combination, pick(rng, motions))
    return action.prompt_name if rng.random() < 0.85 else action.label


def _some_state(rng: np.random.Generator, things: Sequence[Thing]) -> str:
    """Choose a state, every second time one that holds of a thing that is there."""
    states = list(STATES)
    if things and rng.random() < 0.5:
        thing = pick(rng, things)
        states = [state for state in states if state_truth(thing, state) > 0.5] or states
    return pick(rng, states)


def _some_combination(rng: np.random.Generator, things: Sequence[Thing]) -> Combination:
    """Choose a pair: shown, nearly shown (one attribute changed: a hard no), or any."""
    kind = rng.random()
    if things and kind < 0.75:
        shown = pick(rng, things).combination
        return shown if kind < 0.45 and shown in SEEN else pick(rng, _near(shown))
    return pick(rng, SEEN)


@cache
def _near(shown: Combination) -> list[Combination]:
    """List the pairs that share one attribute with a thing; it may lack a name for one."""
    return [c for c in SEEN if (c.colour == shown.colour) != (c.shape == shown.shape)]


def _some_attribute(
    rng: np.random.Generator, things: Sequence[Thing]
) -> tuple[str | None, str | None]:
    """Choose a colour or a shape, the other being ``None``; mostly one that is shown."""
    axis = int(rng.integers(2))
    words: list[str] = [*COLOURS] if axis == 0 else [*SHAPES]
    if rng.random() < 0.6:
        words = [t.combination[axis] for t in things if t.combination[axis] != UNNAMED] or words
    word = pick(rng, words)
    return (word, None) if axis == 0 else (None, word)


def open_question(rng: np.random.Generator, things: Sequence[Thing]) -> Open:
    """Ask for one word: colour, shape, place or size. A denser signal than yes and no."""
    if things and rng.random() < 0.3:
        asked = _ask_attribute(pick(rng, things), things)
        if asked is not None:
            return asked
    combination = _some_combination(rng, things)
    found = next((thing for thing in things if thing.combination == combination), None)
    question, low, between, high = pick(rng, _MEASURES)
    prompt = question.format(name=combination.name)
    if found is None:
        return Open(prompt, "none")
    if state_truth(found, low) > 0.5:
        return Open(prompt, low)
    return Open(prompt, high if state_truth(found, high) > 0.5 else between)


_MEASURES = (
    ("Where is the {name} vertically?", "top", "middle", "bottom"),
    ("Where is the {name} horizontally?", "left", "center", "right"),
    ("How big is the {name}?", "small", "medium", "large"),
)


def _ask_attribute(thing: Thing, things: Sequence[Thing]) -> Open | None:
    """Ask for the other attribute of a thing that its colour or shape alone points out."""
    colour, shape = thing.combination
    if shape != UNNAMED and sum(shape == other.shape for other in things) == 1:
        answer = "none" if colour == UNNAMED else colour
        return Open(f"What colour is the {shape}?", answer)
    if colour != UNNAMED and sum(colour == other.colour for other in things) == 1:
        return Open(f"Which shape is {colour}?", "none" if shape == UNNAMED else shape)
    return None
