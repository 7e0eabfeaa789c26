"""The descent: its schedule, its groups and what several processes would agree on."""

import json

import pytest
import torch
from torch import nn

from zs_dagster.demo.training.loop import Descent, Team

ALONE = Team(0, 1, torch.device("cpu"))


def test_it_reaches_the_minimum_and_reports_the_last_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parameter = nn.Parameter(torch.tensor([3.0]))
    descent = Descent(ALONE, "parabola", 400, 0.1, [([parameter], 1.0)])
    while descent.progress < 1:
        descent.step((parameter - 1).square().sum(), extra=2.0)
    assert abs(parameter.item() - 1) < 0.01
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["stage"], last["step"], last["extra"]) == ("parabola", 400, 2.0)


def test_a_group_with_factor_zero_stays() -> None:
    moving, resting = (nn.Parameter(torch.tensor([3.0])) for _ in range(2))
    descent = Descent(ALONE, "pair", 5, 0.1, [([moving], 1.0), ([resting], 0.0)])
    for _ in range(5):
        descent.step((moving + resting).square().sum())
    assert resting.item() == 3.0
    assert moving.item() < 3.0
