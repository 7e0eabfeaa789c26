"""Training frames: what is in them and their pixels. No held-out combination ever enters.

Half of the frames are arranged (positions and sizes spread evenly, ends over-sampled), half
are cut out of stories as the videos tell them. All are drawn at the size of the videos and
half pass through a JPEG coder, whose blocks and coarse colours resemble those of H.264.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from zs_dagster.demo.choosing import pick
from zs_dagster.demo.drawing import Image, random_background, random_rgb, render
from zs_dagster.demo.stories import write_story
from zs_dagster.demo.videos import SIZE
from zs_dagster.demo.world import (
    COLOURS,
    LARGE_RADIUS,
    SEEN,
    SHAPES,
    SMALL_RADIUS,
    UNNAMED,
    Combination,
    Thing,
)

INPUT_SIZE = 64  # pixels, what both models read

# A colour without a name in every shape, and a shape without a name in every colour: they
# teach each attribute apart from the other, also for the pairs that are held out.
NAMELESS = tuple(Combination(UNNAMED, shape) for shape in SHAPES) + tuple(
    Combination(colour, UNNAMED) for colour in COLOURS
)
STORY_FRAMES = 4


@dataclass(frozen=True)
class Scene:
    """One training frame.

    Attributes:
        image: uint8 RGB, ``(INPUT_SIZE, INPUT_SIZE, 3)``.
        things: What it shows, from the back to the front.
    """

    image: Image
    things: list[Thing]


def crowded_scenes(rng: np.random.Generator) -> Iterator[Scene]:
    """Yield frames with four to eight things each, half of them nameless, for `vision`."""
    while True:
        things = _arrange(rng, SEEN, int(rng.integers(4, 9)), nameless=0.5)
        yield _draw(rng, things)


def scenes(
    rng: np.random.Generator, combinations: Sequence[Combination] = SEEN
) -> Iterator[Scene]:
    """Yield the frames that `clip` and `lvlm` learn from.

    Args:
        rng: Source of every choice.
        combinations: What may act; only the evaluation passes held-out ones.
    """
    while True:
        for _ in range(STORY_FRAMES):
            yield arranged_scene(rng, combinations)
        yield from _story_scenes(rng, combinations)


def arranged_scene(rng: np.random.Generator, combinations: Sequence[Combination]) -> Scene:
    """Make a frame with up to four things, spread evenly over places and sizes."""
    count = int(rng.choice(5, p=[0.03, 0.27, 0.35, 0.25, 0.1]))
    return _draw(rng, _arrange(rng, combinations, count, nameless=0.12))


def single_scene(rng: np.random.Generator, thing: Thing) -> Scene:
    """Make a frame with one thing."""
    return _draw(rng, [thing])


def _story_scenes(
    rng: np.random.Generator, combinations: Sequence[Combination]
) -> Iterator[Scene]:
    first, second = rng.choice(len(combinations), 2, replace=False)
    actors = [combinations[first], combinations[second]]
    extras = [seen for seen in SEEN if seen not in actors]
    story = write_story(rng, actors, extras, 60.0)
    for time_s in rng.uniform(0, 60, STORY_FRAMES):
        yield _draw(rng, story.things(time_s))


def _arrange(
    rng: np.random.Generator, combinations: Sequence[Combination], count: int, nameless: float
) -> list[Thing]:
    """Place things of different combinations so that none hides another."""
    things: list[Thing] = []
    for _ in range(8 * count):
        if len(things) == count:
            break
        pool = NAMELESS if rng.random() < nameless else combinations
        combination = _choose(rng, pool, things)
        thing = random_thing(rng, combination)
        if combination not in [t.combination for t in things] and _is_free(thing, things):
            things.append(thing)
    return things


def _choose(
    rng: np.random.Generator, pool: Sequence[Combination], things: Sequence[Thing]
) -> Combination:
    """Prefer, every second time, a relative of what is there: colour and shape must bind."""
    if things and rng.random() < 0.5:
        model = pick(rng, things).combination
        axis = int(rng.integers(2))
        pool = [c for c in pool if c[axis] == model[axis]] or pool
    return pick(rng, pool)


def _is_free(thing: Thing, things: Sequence[Thing]) -> bool:
    return all(
        np.hypot(thing.x - other.x, thing.y - other.y) > 0.8 * (thing.radius + other.radius)
        for other in things
    )


def random_thing(rng: np.random.Generator, combination: Combination) -> Thing:
    """Draw a thing anywhere, at the ends of one of the three axes more often than not."""
    radius = rng.uniform(0.105, 0.16)
    extreme = rng.choice([rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0), rng.uniform(0, 1)])
    x, y = radius + rng.uniform(0.02, 0.98, 2) * (1 - 2 * radius)
    axis = rng.choice(["x", "y", "radius", "none"], p=[0.3, 0.3, 0.28, 0.12])
    if axis == "x":
        x = radius + extreme * (1 - 2 * radius)
    elif axis == "y":
        y = radius + extreme * (1 - 2 * radius)
    elif axis == "radius":
        radius = SMALL_RADIUS - 0.008 + extreme * (LARGE_RADIUS - SMALL_RADIUS + 0.016)
        x, y = np.clip(rng.uniform(0.15, 0.85, 2), radius, 1 - radius)
    alpha = 1.0 if rng.random() < 0.8 else rng.uniform(0.4, 1)
    return Thing(
        *combination,
        float(x),
        float(y),
        float(radius),
        random_rgb(rng, combination.colour),
        float(rng.uniform(-0.25, 0.25)),
        float(alpha),
    )


def _draw(rng: np.random.Generator, things: list[Thing]) -> Scene:
    noise = rng.standard_normal((SIZE, SIZE, 1), dtype=np.float32) * rng.uniform(0, 4)
    image = Pillow.fromarray(render(random_background(rng, SIZE), things, noise))
    if rng.random() < 0.5:
        image = _coded(image, int(rng.integers(60, 95)))
    small = image.resize((INPUT_SIZE, INPUT_SIZE), Pillow.Resampling.BICUBIC)
    return Scene(_tinted(rng, np.asarray(small)), things)


def _coded(image: Pillow.Image, quality: int) -> Pillow.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Pillow.open(buffer)


def _tinted(rng: np.random.Generator, image: Image) -> Image:
    """Vary exposure in every third frame."""
    if rng.random() < 0.67:
        return image
    values = image.astype(np.float32) * rng.uniform(0.87, 1.12) + rng.uniform(-8, 8)
    clipped: Image = np.clip(values, 0, 255).astype(np.uint8)
    return clipped
