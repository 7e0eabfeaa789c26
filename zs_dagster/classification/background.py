"""Sentences that are about no action: what cosines of CLIP are compared with."""

NEGATIVE_PROMPT = "a video of something else."

_SCENES = (
    "a room, a street, a field, a forest, a beach, a river, a mountain, a road, a garden, "
    "a kitchen, an office, a hall, a stage, a gym, a pool, a park, a shop, a house, a bridge, "
    "a car park, the sky, the sea, snow, grass, sand"
)
_THINGS = (
    "a wall, a table, a chair, a door, a window, a floor, a tree, a plant, a car, a box, "
    "a bag, a cup, a lamp, a screen, a sign, a logo, a map, a drawing, some text, "
    "a title card, a black screen, a person, people, a face, an animal"
)

BACKGROUND_PROMPTS = tuple(f"a video of {x}." for x in f"{_SCENES}, {_THINGS}".split(", "))
"""Fifty; their order and wording are part of every z-score."""
