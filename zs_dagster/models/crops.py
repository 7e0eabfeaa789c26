"""Where the crops of a frame lie: arithmetic on its size, no pixels.

Geometry as in the multi-view sampling of ViFi-CLIP (arXiv:2212.03640): the short side is scaled
to the model's, and square windows lie along the long one. Five and nine windows need room on
both sides, so the short side is scaled to 8/7 of the model's.
"""

from typing import NamedTuple

from zs_dagster.errors import InputError

EVAL = "eval"
"""What the model's own preprocessing shows: the crop of plain zero-shot classification."""
CROP_SETS: dict[int, tuple[str, ...]] = {
    1: ("mid",),
    3: ("first", "mid", "last"),
    5: ("mid@8/7", "left@8/7", "right@8/7", "top@8/7", "bottom@8/7"),
    9: (
        *("mid@8/7", "left@8/7", "right@8/7", "top@8/7", "bottom@8/7"),
        *("top-left@8/7", "top-right@8/7", "bottom-left@8/7", "bottom-right@8/7"),
    ),
}
"""Number of crops per frame -> their names; ``@8/7`` are cut from the larger scale."""


class Crop(NamedTuple):
    """Scale a frame to ``width`` x ``height`` and cut a square at ``left``, ``top``; pixels."""

    width: int
    height: int
    left: int
    top: int


def crop_names(count: int) -> tuple[str, ...]:
    """Return the names of 1, 3, 5 or 9 crops.

    Raises:
        InputError: For any other number.
    """
    if count not in CROP_SETS:
        raise InputError(f"crops must be one of {', '.join(map(str, CROP_SETS))}, got {count}")
    return CROP_SETS[count]


def place_whole(width: int, height: int, side: int) -> Crop:
    """Return the middle square of a frame whose short side is scaled to the model's.

    The arithmetic is torchvision's: the long side is cut down to whole pixels, not rounded.

    Args:
        width: Of the frame, pixels.
        height: Of the frame, pixels.
        side: Of the square the model takes, pixels.
    """
    short = min(width, height)
    wide, high = side * width // short, side * height // short
    return Crop(wide, high, round((wide - side) / 2), round((high - side) / 2))


def place_crop(name: str, width: int, height: int, side: int) -> Crop:
    """Return where a crop lies in a frame.

    Args:
        name: Of a crop in `CROP_SETS`.
        width: Of the frame, pixels.
        height: Of the frame, pixels.
        side: Of the square the model takes, pixels.

    Raises:
        InputError: If there is no crop of that name.
    """
    place, _, scale = name.partition("@")
    short = side * 8 // 7 if scale else side
    factor = short / min(width, height)
    wide, high = max(short, round(width * factor)), max(short, round(height * factor))
    across, down = _position(place, wide >= high)
    return Crop(wide, high, round(across * (wide - side)), round(down * (high - side)))


def _position(place: str, is_wide: bool) -> tuple[float, float]:
    """Return the place between left and right, and between top and bottom, each 0 to 1."""
    if place in ("first", "last"):
        along = float(place == "last")
        return (along, 0.5) if is_wide else (0.5, along)
    names = set(place.split("-"))
    if not names or names - {"mid", "left", "right", "top", "bottom"}:
        raise InputError(f"there is no crop '{place}'; see `crop_names`")
    across = 0.5 - 0.5 * ("left" in names) + 0.5 * ("right" in names)
    down = 0.5 - 0.5 * ("top" in names) + 0.5 * ("bottom" in names)
    return across, down
