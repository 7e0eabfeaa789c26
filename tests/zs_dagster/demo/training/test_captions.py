"""What captions claim, by hand."""

import torch

from zs_dagster.demo.training.captions import Caption
from zs_dagster.demo.training.clip import truth_matrix
from zs_dagster.demo.world import UNNAMED, Combination, Thing

BALL = Thing("red", "ball", 0.5, 0.5, 0.1, (220, 40, 40))
BLOB = Thing("green", UNNAMED, 0.2, 0.5, 0.1, (40, 170, 60))


def test_a_frame_matches_what_it_shows() -> None:
    captions = [
        Caption("a red ball", (Combination("red", "ball"),)),
        Caption("a red object", (Combination("red", UNNAMED),)),
        Caption("a green object", (Combination("green", UNNAMED),)),
        Caption("a green ball", (Combination("green", "ball"),)),
        Caption("an empty scene", ()),
    ]
    matrix = truth_matrix([[BALL, BLOB], [BALL], []], captions)
    expected = [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert torch.equal(matrix, torch.tensor(expected, dtype=torch.float32))
