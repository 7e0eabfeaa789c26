"""Held-out pairs never reach training: the stream that trains the models is driven here."""

import re
from itertools import islice

import numpy as np
import pytest

from zs_dagster.demo.training.captions import caption, is_true
from zs_dagster.demo.training.questions import INSTRUCTION, open_question, yes_no_question
from zs_dagster.demo.training.scenes import NAMELESS, crowded_scenes, scenes
from zs_dagster.demo.world import (
    COLOURS,
    HELD_OUT,
    SEEN,
    SHAPES,
    UNNAMED,
    Combination,
    Thing,
)

HELD = {*HELD_OUT["validation"], *HELD_OUT["test"]}
NUM_FRAMES = 1_000
PAIR = re.compile(rf"\b({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})\b")


def pairs_named(text: str) -> set[Combination]:
    return {Combination(*found) for found in PAIR.findall(text)}


@pytest.fixture(scope="module")
def frames() -> list[list[Thing]]:
    rng = np.random.default_rng(20)
    streams = scenes(rng), crowded_scenes(rng)
    return [scene.things for stream in streams for scene in islice(stream, NUM_FRAMES)]


@pytest.fixture(scope="module")
def texts(frames: list[list[Thing]]) -> list[str]:
    rng = np.random.default_rng(21)
    return [
        text
        for things in frames
        for text in (
            yes_no_question(rng, things).prompt,
            yes_no_question(rng, things).prompt,
            open_question(rng, things).prompt,
            caption(rng, things).text,
        )
    ]


def test_no_frame_shows_a_held_out_pair(frames: list[list[Thing]]) -> None:
    shown = {thing.combination for things in frames for thing in things}
    assert shown.isdisjoint(HELD)
    assert shown == {*SEEN, *NAMELESS}


def test_no_text_names_a_held_out_pair(texts: list[str]) -> None:
    named = set().union(*map(pairs_named, texts))
    assert named.isdisjoint(HELD)
    assert named == set(SEEN)


def test_contexts_often_name_another_class_than_the_question(texts: list[str]) -> None:
    contexts = [text for text in texts if text.startswith("This is a frame")]
    assert len(contexts) > 0.4 * len(texts)
    assert 0.1 < np.mean([len(pairs_named(text)) > 1 for text in contexts]) < 0.5


def test_nameless_things_have_one_name_at_most() -> None:
    assert all((pair.colour == UNNAMED) != (pair.shape == UNNAMED) for pair in NAMELESS)


def test_answers_are_true_of_the_frames(frames: list[list[Thing]]) -> None:
    """A question for a pair is answered no where the pair is not shown at all."""
    rng = np.random.default_rng(22)
    answers = []
    for things in frames:
        asked = yes_no_question(rng, things)
        question = asked.prompt.removesuffix(INSTRUCTION).split(". ")[-1]
        pairs = pairs_named(question)
        if pairs and not pairs & {thing.combination for thing in things}:
            assert asked.truth == 0, asked
        answers.append(asked.truth > 0.5)
    assert 0.25 < np.mean(answers) < 0.6


def test_captions_are_true_of_the_frames(frames: list[list[Thing]]) -> None:
    rng = np.random.default_rng(23)
    for things in frames:
        written = caption(rng, things)
        assert is_true(written.claims, things), written
        assert pairs_named(written.text) == {c for c in written.claims if UNNAMED not in c}
