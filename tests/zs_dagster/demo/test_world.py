"""The words of the drawn world: what is held out, what is asked and when it is true."""

from collections import Counter

import pytest

from zs_dagster.demo.bank import BANK_PATH, bank_text
from zs_dagster.demo.world import (
    COLOURS,
    HELD_OUT,
    MOTIONS,
    SEEN,
    SHAPES,
    STATES,
    ActionClass,
    Combination,
    Split,
    Thing,
    classes,
    state_question,
    state_truth,
    truth,
)

SPLITS: tuple[Split, ...] = ("validation", "test")


def thing(x: float = 0.5, y: float = 0.5, radius: float = 0.13) -> Thing:
    return Thing("red", "ball", x, y, radius, (220, 40, 40))


def test_every_pair_is_in_one_group_only() -> None:
    pairs = [*SEEN, *HELD_OUT["validation"], *HELD_OUT["test"]]
    assert sorted(pairs) == sorted((c, s) for c in COLOURS for s in SHAPES)


def test_held_out_pairs_are_spread_over_colours_and_shapes() -> None:
    held = [*HELD_OUT["validation"], *HELD_OUT["test"]]
    assert Counter(pair.shape for pair in held) == dict.fromkeys(SHAPES, 2)
    assert set(Counter(pair.colour for pair in held).values()) == {1, 2}
    assert {pair.colour for pair in held} == set(COLOURS)


@pytest.mark.parametrize("split", SPLITS)
def test_classes_come_in_opposite_pairs_of_held_out_combinations(split: Split) -> None:
    actions = classes(split)
    assert len(actions) == len({action.label for action in actions}) >= 12
    assert {action.combination for action in actions} == set(HELD_OUT[split])
    for forth, back in zip(actions[::2], actions[1::2], strict=True):
        assert forth.combination == back.combination
        assert (forth.motion.start, forth.motion.end) == (back.motion.end, back.motion.start)


def test_the_texts_of_a_class() -> None:
    action = ActionClass(Combination("orange", "ring"), MOTIONS["slides left"])
    assert action.label == "orange ring slides left"
    assert action.prompt_name == "an orange ring sliding left"
    assert action.description == "an orange ring slides left from right to left"
    assert state_question(action.combination, "left") == "Is the orange ring on the left?"


@pytest.mark.parametrize(
    ("state", "inside", "outside"),
    [
        ("bottom", thing(y=0.85), thing(y=0.6)),
        ("top", thing(y=0.15), thing(y=0.4)),
        ("left", thing(x=0.15), thing(x=0.4)),
        ("right", thing(x=0.85), thing(x=0.6)),
        ("small", thing(radius=0.08), thing(radius=0.115)),
        ("large", thing(radius=0.25), thing(radius=0.155)),
    ],
)
def test_states_hold_where_they_say(state: str, inside: Thing, outside: Thing) -> None:
    assert state_truth(inside, state) > 0.9
    assert state_truth(outside, state) < 0.05


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
def test_a_motion_leads_from_one_state_to_the_opposite_one(motion: object) -> None:
    assert isinstance(motion, tuple)
    start, end = STATES[motion[2]], STATES[motion[3]]
    assert start.measure == end.measure
    assert start.sign == -end.sign


def test_truth_asks_for_one_thing_with_both_attributes() -> None:
    low_ball, high_star = thing(y=0.9), Thing("blue", "star", 0.5, 0.1, 0.13, (0, 0, 255))
    things = [low_ball, high_star]
    assert truth(things, "bottom", "red", "ball") > 0.9
    assert truth(things, "bottom", "blue", "star") < 0.1
    assert truth(things, "bottom", "red", "star") == 0
    assert truth(things, "top", shape="star") > 0.9
    assert truth([], "top") == 0


def test_the_shipped_query_bank_is_the_one_the_code_writes() -> None:
    assert BANK_PATH.read_text(encoding="utf-8") == bank_text()
