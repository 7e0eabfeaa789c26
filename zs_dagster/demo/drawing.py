"""Pixels of the drawn world: numpy only, exact edges, one pass per thing."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from zs_dagster.demo.world import COLOURS, UNNAMED, Thing

FloatImage = NDArray[np.float32]
Image = NDArray[np.uint8]
Plane = NDArray[np.float64]

# Two colours nearer than this, in RGB, would share a name.
COLOUR_DISTANCE = 70.0
COLOUR_JITTER = 14.0
# Every shape lies within this many radii of its centre.
EXTENT = 1.15


def _star(x: Plane, y: Plane) -> Plane:
    """Five tips: fold the plane into one half tip, then measure to its one edge."""
    wedge = 2 * np.pi / 5
    distance, angle = np.hypot(x, y), np.arctan2(x, -y)
    angle = np.abs((angle + wedge / 2) % wedge - wedge / 2)
    notch_x, notch_y = 0.45 * np.cos(wedge / 2), 0.45 * np.sin(wedge / 2)
    along, across = notch_x - 1.08, notch_y
    cross = (distance * np.cos(angle) - 1.08) * across - distance * np.sin(angle) * along
    edge: Plane = cross / np.hypot(along, across)
    return edge


def _box(x: Plane, y: Plane, half_width: float, half_height: float) -> Plane:
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def _triangle(x: Plane, y: Plane) -> Plane:
    return np.maximum(y - 0.75, (1.75 * np.abs(x) - 0.95 * y) / 1.991 - 0.477)


def _blob(x: Plane, y: Plane) -> Plane:
    """A shape without a name: six dull teeth, like none of the list."""
    edge: Plane = np.hypot(x, y) - 0.82 - 0.16 * np.cos(6 * np.arctan2(y, x))
    return edge


# Signed distance to the edge, negative inside, in radii; y points down.
DISTANCES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "ball": lambda x, y: np.hypot(x, y) - 1,
    "square": lambda x, y: _box(x, y, 0.85, 0.85),
    "triangle": _triangle,
    "star": _star,
    "cross": lambda x, y: np.minimum(_box(x, y, 0.33, 1), _box(x, y, 1, 0.33)),
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.78) - 0.22,
    "moon": lambda x, y: np.maximum(np.hypot(x, y) - 1, 0.85 - np.hypot(x - 0.55, y)),
    "bar": lambda x, y: _box(x, y, 1.05, 0.36),
    UNNAMED: _blob,
}


def random_rgb(rng: np.random.Generator, colour: str) -> tuple[float, float, float]:
    """Draw a shade of a named colour, or for `UNNAMED` one far from every named colour."""
    if colour != UNNAMED:
        jitter = rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, 3)
        red, green, blue = np.add(COLOURS[colour], jitter)
        return float(red), float(green), float(blue)
    named = np.array(list(COLOURS.values()))
    while True:
        shade = rng.uniform(15, 255, 3)
        if np.linalg.norm(named - shade, axis=1).min() > COLOUR_DISTANCE:
            return float(shade[0]), float(shade[1]), float(shade[2])


def random_background(rng: np.random.Generator, size: int) -> FloatImage:
    """Draw a dark grey slope with a slight tint, ``(size, size, 3)`` in 0 to 255."""
    grey, slope, angle = rng.uniform(20, 110), rng.uniform(-25, 25), rng.uniform(0, 2 * np.pi)
    place = np.arange(size) / size
    ramp = np.cos(angle) * place[None] + np.sin(angle) * place[:, None]
    image: FloatImage = (grey + slope * ramp[..., None] + rng.uniform(-8, 8, 3)).astype(
        np.float32
    )
    return image


def render(background: FloatImage, things: Sequence[Thing], noise: FloatImage) -> Image:
    """Draw things over a background, later ones in front.

    Args:
        background: ``(S, S, 3)``, 0 to 255.
        things: What to draw.
        noise: Added at the end, ``(S, S, 1)``.

    Returns:
        uint8 RGB ``(S, S, 3)``.
    """
    image = background.copy()
    for thing in things:
        _paint(image, thing)
    pixels: Image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return pixels


def _paint(image: FloatImage, thing: Thing) -> None:
    size = len(image)
    columns, rows = (_span(centre, thing.radius, size) for centre in (thing.x, thing.y))
    x = ((np.arange(columns.start, columns.stop) + 0.5) / size - thing.x)[None] / thing.radius
    y = ((np.arange(rows.start, rows.stop) + 0.5) / size - thing.y)[:, None] / thing.radius
    cos, sin = np.cos(thing.turn), np.sin(thing.turn)
    distance = DISTANCES[thing.shape](cos * x + sin * y, cos * y - sin * x)
    # Half a pixel either side of the edge is the share of the pixel that is covered.
    cover = np.clip(0.5 - distance * thing.radius * size, 0, 1) * thing.alpha
    patch = image[rows, columns]
    patch += cover[..., None].astype(np.float32) * (np.array(thing.rgb, np.float32) - patch)


def _span(centre: float, radius: float, size: int) -> slice:
    first, last = ((centre + side * EXTENT * radius) * size for side in (-1, 1))
    return slice(max(0, int(first) - 1), max(0, min(size, int(last) + 2)))
