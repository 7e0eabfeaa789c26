"""Targets of the patches, by hand."""

import torch

from zs_dagster.demo.training.patches import GRID, IGNORED, NUM_COLOURS, patch_targets
from zs_dagster.demo.world import COLOURS, SHAPES, STATES, UNNAMED, Thing

CPU = torch.device("cpu")
GREY = (0.0, 0.0, 0.0)


def test_patches_name_the_thing_in_front_of_them() -> None:
    behind = Thing("red", "ball", 0.5, 0.5, 0.4, GREY)
    front = Thing("blue", "star", 0.5, 0.5, 0.12, GREY)
    targets = patch_targets([[behind, front]], CPU)
    colour = targets.colour.view(GRID, GRID)
    assert colour[4, 4] == list(COLOURS).index("blue")
    assert colour[4, 6] == list(COLOURS).index("red")
    assert colour[0, 0] == NUM_COLOURS - 1
    assert targets.shape.view(GRID, GRID)[4, 4] == SHAPES.index("star")


def test_the_offset_points_to_the_centre() -> None:
    # The centre of patch (row 4, column 2) is at x = 2.5 / 8, y = 4.5 / 8.
    targets = patch_targets([[Thing("red", "ball", 0.3, 0.6, 0.15, GREY)]], CPU)
    x, y, radius = targets.offset.view(GRID, GRID, 3)[4, 2].tolist()
    assert abs(x - 4 * (0.3 - 2.5 / 8)) < 1e-6
    assert abs(y - 4 * (0.6 - 4.5 / 8)) < 1e-6
    assert abs(radius - 10 * (0.15 - 0.13)) < 1e-6


def test_a_nameless_colour_is_ignored_and_its_shape_is_not() -> None:
    targets = patch_targets([[Thing(UNNAMED, "ring", 0.5, 0.1, 0.12, GREY)]], CPU)
    assert targets.colour.view(GRID, GRID)[0, 4] == IGNORED
    assert targets.shape.view(GRID, GRID)[0, 4] == SHAPES.index("ring")
    assert targets.states.view(GRID, GRID, -1)[0, 4, list(STATES).index("top")] == 1


def test_an_empty_frame_has_nothing_anywhere() -> None:
    targets = patch_targets([[]], CPU)
    assert (targets.colour == NUM_COLOURS - 1).all()
    assert not targets.states.any()
