"""What happens in an untrimmed video: tracks of things, and which stretches are actions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.demo.choosing import pick
from zs_dagster.demo.drawing import random_rgb
from zs_dagster.demo.world import (
    LARGE_RADIUS,
    MEDIUM_RADIUS,
    MOTIONS,
    SMALL_RADIUS,
    ActionClass,
    Combination,
    Thing,
    axis_of,
)

FPS = 8
MARGIN = 0.02  # between a thing in its extreme place and the side of the frame
FADE_S = 0.3


@dataclass(frozen=True)
class Pose:
    """Where a thing is and how large, at a time in seconds."""

    time_s: float
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Track:
    """One thing from its first pose to its last, easing from pose to pose."""

    combination: Combination
    rgb: tuple[float, float, float]
    turn: float
    poses: tuple[Pose, ...]

    def thing(self, time_s: float) -> Thing | None:
        """Return the thing at a time, ``None`` while it is not there; it fades in and out."""
        first, last = self.poses[0].time_s, self.poses[-1].time_s
        if not first <= time_s < last:
            return None
        x, y, radius = self._place(time_s)
        alpha = min(1.0, 0.3 + min(time_s - first, last - time_s) / FADE_S)
        return Thing(*self.combination, x, y, radius, self.rgb, self.turn, alpha)

    def _place(self, time_s: float) -> tuple[float, float, float]:
        later = next(i for i, pose in enumerate(self.poses) if pose.time_s > time_s)
        a, b = self.poses[later - 1], self.poses[later]
        part = (time_s - a.time_s) / (b.time_s - a.time_s)
        part = part * part * (3 - 2 * part)
        return (
            a.x + part * (b.x - a.x),
            a.y + part * (b.y - a.y),
            a.radius + part * (b.radius - a.radius),
        )


@dataclass(frozen=True)
class Action:
    """One instance of a class, in seconds, on the frame grid."""

    action: ActionClass
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Story:
    """All that a video shows, background apart; tracks from the back to the front."""

    duration_s: float
    tracks: tuple[Track, ...]
    actions: tuple[Action, ...]

    def things(self, time_s: float) -> list[Thing]:
        """Return what is visible at a time."""
        found = (track.thing(time_s) for track in self.tracks)
        return [thing for thing in found if thing is not None]


def write_story(
    rng: np.random.Generator,
    actors: Sequence[Combination],
    extras: Sequence[Combination],
    duration_s: float,
) -> Story:
    """Make up a story.

    Args:
        rng: Source of every choice.
        actors: Combinations that act, each in a lane of its own, so that the actions of two
            actors may overlap; the first one is the busiest.
        extras: Combinations that drift about and never act.
        duration_s: Length in seconds.

    Returns:
        The story with the actions of all actors, by start.
    """
    tracks = [track for _ in range(2) for track in drifts(rng, actors, extras, duration_s)]
    actions: list[Action] = []
    for lane, actor in enumerate(actors):
        acted, done = _perform(rng, actor, duration_s, pause_s=5.0 + 7.0 * lane)
        tracks += acted
        actions += done
    order = rng.permutation(len(tracks))
    actions.sort(key=lambda action: action.start_s)
    return Story(duration_s, tuple(tracks[i] for i in order), tuple(actions))


# An episode is a course along the axis of an actor: 0 and 1 are the two states, a number
# between is a place between. Each leg takes LEG_S seconds times the way.
# Legs from 0 to 1 or back are actions.
EPISODES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.22, (0.0, 1.0)),
    (0.16, (0.5, 0.0, 1.0)),
    (0.14, (0.0, 1.0, 0.5)),
    (0.12, (0.0, 1.0, 0.0)),
    (0.08, (0.5, 0.0, 1.0, 0.0, 0.5)),
    (0.10, (0.45, 0.55)),
    (0.10, (0.0, 0.65, 0.0)),
    (0.08, (0.5, 0.0, 0.5)),
)
LEG_S = (4.0, 9.0)
HOVER_S = (2.0, 4.0)


def _perform(
    rng: np.random.Generator, actor: Combination, duration_s: float, pause_s: float
) -> tuple[list[Track], list[Action]]:
    """Play episodes one after the other until the time is up."""
    tracks: list[Track] = []
    actions: list[Action] = []
    weights = np.array([weight for weight, _ in EPISODES])
    clock = _on_grid(rng.uniform(1, pause_s))
    while True:
        course = EPISODES[rng.choice(len(EPISODES), p=weights / weights.sum())][1]
        if rng.random() < 0.5:
            course = tuple(1 - place for place in course)
        times = _times(rng, course, clock)
        if times[-1] > duration_s - 1:
            return tracks, actions
        tracks.append(act(rng, actor, course, times))
        actions += _actions(actor, course, times)
        clock = times[-1] + _on_grid(rng.uniform(0.5, pause_s))


def _times(rng: np.random.Generator, course: Sequence[float], clock: float) -> list[float]:
    times = [clock]
    for way in np.abs(np.diff(course)):
        leg_s = way * rng.uniform(*LEG_S) if way > 0.2 else rng.uniform(*HOVER_S)
        times.append(times[-1] + _on_grid(leg_s))
    return times


def _actions(
    actor: Combination, course: Sequence[float], times: Sequence[float]
) -> list[Action]:
    forth, back = axis_of(actor)
    legs = zip(course, course[1:], times, times[1:], strict=False)
    return [
        Action(ActionClass(actor, MOTIONS[forth if a < b else back]), start_s, end_s)
        for a, b, start_s, end_s in legs
        if {a, b} == {0.0, 1.0}
    ]


def act(
    rng: np.random.Generator,
    actor: Combination,
    course: Sequence[float],
    times: Sequence[float],
    forth: str | None = None,
) -> Track:
    """Let an actor follow a course along an axis, being at each place at its time.

    The axis is that of the actor, or the one whose first motion is ``forth``.
    """
    aside, radius = rng.uniform(0.28, 0.72, 2), rng.uniform(*MEDIUM_RADIUS)
    forth = forth or axis_of(actor)[0]
    poses = tuple(
        _pose(time_s, place, forth, aside, radius)
        for time_s, place in zip(times, course, strict=True)
    )
    return Track(actor, random_rgb(rng, actor.colour), rng.uniform(-0.2, 0.2), poses)


def _pose(time_s: float, place: float, forth: str, aside: np.ndarray, radius: float) -> Pose:
    """Put an actor at a place of its axis, 0 being the start state of the first motion."""
    near, far = radius + MARGIN, 1 - radius - MARGIN
    if forth == "rises":
        return Pose(time_s, aside[0], far + place * (near - far), radius)
    if forth == "slides right":
        return Pose(time_s, near + place * (far - near), aside[1], radius)
    size = SMALL_RADIUS + place * (LARGE_RADIUS - SMALL_RADIUS)
    return Pose(time_s, aside[0], aside[1], size)


def drifts(
    rng: np.random.Generator,
    actors: Sequence[Combination],
    extras: Sequence[Combination],
    duration_s: float,
) -> list[Track]:
    """Let extras cross the frame one after the other, half of them akin to an actor."""
    akin = [
        e for e in extras if any(e.colour == a.colour or e.shape == a.shape for a in actors)
    ]
    tracks = []
    clock = rng.uniform(0, 6)
    while clock < duration_s - 3:
        pool = akin if rng.random() < 0.5 else extras
        extra, stay_s = pick(rng, pool), rng.uniform(5, 14)
        radius = rng.uniform(SMALL_RADIUS, MEDIUM_RADIUS[1])
        poses = tuple(
            Pose(time_s, rng.uniform(0.12, 0.88), rng.uniform(0.12, 0.88), radius)
            for time_s in (clock, clock + stay_s)
        )
        tracks.append(
            Track(extra, random_rgb(rng, extra.colour), rng.uniform(-0.2, 0.2), poses)
        )
        clock += stay_s + rng.uniform(1, 9)
    return tracks


def _on_grid(seconds: float) -> float:
    return round(seconds * FPS) / FPS
