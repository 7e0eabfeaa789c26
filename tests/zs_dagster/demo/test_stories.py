"""Stories: the ground truth is what the things do, and what is hard does occur."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from zs_dagster.demo.stories import FPS, Story, write_story
from zs_dagster.demo.world import HELD_OUT, SEEN, Combination, state_truth

SECONDS = 75.0


def story(seed: int) -> Story:
    rng = np.random.default_rng(seed)
    group = HELD_OUT["validation"]
    actors = [group[seed % 8], group[(seed + 3) % 8]]
    return write_story(rng, actors, SEEN, SECONDS)


STORIES = [story(seed) for seed in range(24)]


def states_of(told: Story, pair: Combination, time_s: float, state: str) -> Iterator[float]:
    for thing in told.things(time_s):
        if thing.combination == pair:
            yield state_truth(thing, state)


def test_the_same_seed_tells_the_same_story() -> None:
    assert story(3) == story(3)
    assert story(3) != story(4)


@pytest.mark.parametrize("told", STORIES, ids=range(len(STORIES)))
def test_every_action_starts_and_ends_in_its_states(told: Story) -> None:
    for action in told.actions:
        pair, motion = action.action.combination, action.action.motion
        last_frame_s = action.end_s - 1 / FPS
        assert max(states_of(told, pair, action.start_s, motion.start)) > 0.7
        assert max(states_of(told, pair, last_frame_s, motion.end)) > 0.7
        assert max(states_of(told, pair, action.start_s, motion.end)) < 0.05
        assert max(states_of(told, pair, last_frame_s, motion.start)) < 0.05


def arrivals(told: Story, pair: Combination) -> list[tuple[int, str]]:
    """List where an actor is, frame by frame, repeats left out: at an end, between or away."""
    motion = next(a.action.motion for a in told.actions if a.action.combination == pair)
    found: list[tuple[int, str]] = []
    for frame in range(int(SECONDS * FPS)):
        there = [thing for thing in told.things(frame / FPS) if thing.combination == pair]
        held = [s for s in motion[2:4] for thing in there if state_truth(thing, s) > 0.5]
        place = held[0] if held else "between" if there else "away"
        if place != "between" and (not found or found[-1][1] != place):
            found.append((frame, place))
    return found


@pytest.mark.parametrize("told", STORIES, ids=range(len(STORIES)))
def test_every_way_from_end_to_end_is_an_action(told: Story) -> None:
    for pair in {action.action.combination for action in told.actions}:
        places = [place for _, place in arrivals(told, pair)]
        ways = sum("away" not in step for step in pairwise(places))
        assert ways == sum(action.action.combination == pair for action in told.actions)


def test_times_lie_on_the_frame_grid_and_inside_the_video() -> None:
    for action in (action for told in STORIES for action in told.actions):
        assert 0 <= action.start_s < action.end_s <= SECONDS
        assert (action.start_s * FPS).is_integer()
        assert (action.end_s * FPS).is_integer()
        assert 3 <= action.end_s - action.start_s <= 10


def test_stories_hold_what_makes_them_hard() -> None:
    pairs = [
        (first, second)
        for told in STORIES
        for first in told.actions
        for second in told.actions
        if first is not second
    ]
    back_to_back = [p for p in pairs if p[0].end_s == p[1].start_s]
    at_once = [p for p in pairs if p[0].start_s < p[1].start_s < p[0].end_s]
    assert len(back_to_back) >= 10
    assert len(at_once) >= 10
    quiet = [
        not any(action.start_s <= second < action.end_s for action in told.actions)
        for told in STORIES
        for second in range(int(SECONDS))
    ]
    assert 0.2 < np.mean(quiet) < 0.8


def test_things_fade_in_and_out() -> None:
    track = STORIES[0].tracks[0]
    first, last = track.poses[0].time_s, track.poses[-1].time_s
    at_first, middle = track.thing(first), track.thing((first + last) / 2)
    assert at_first is not None
    assert middle is not None
    assert at_first.alpha < 0.5 < 1 == middle.alpha
    assert track.thing(last) is None
