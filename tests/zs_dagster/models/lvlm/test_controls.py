"""Mistakes in mask or positions move the scores far beyond the tolerance of the comparisons."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.models.lvlm import masks
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.masks import may_attend
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.plan import Plan

Frames = NDArray[np.uint8]
# Whether a family is far off naive when scored in a mode.
IsWrong = Callable[[str, Mode], bool]

FAMILIES = ["llava_onevision", "pixtral", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "smolvlm"]
MODES = ["packed", "two-step"]
MISTAKE = 1e-2


@pytest.fixture
def is_wrong(
    model_folder: Callable[[str], Path],
    frames: Frames,
    questions: tuple[str, ...],
    naive: Callable[[str], NDArray[np.float32]],
) -> IsWrong:
    def compare(family: str, mode: Mode) -> bool:
        found = load_scorer(model_folder(family), mode=mode).score(frames, questions)
        return bool(np.abs(found - naive(family)).max() > MISTAKE)

    return compare


def everything_before(plan: Plan, _window: int | None = None, start: int = 0) -> torch.Tensor:
    return torch.ones(len(plan.ids), len(plan.ids), dtype=torch.bool).tril()[start:]


def without_window(plan: Plan, _window: int | None = None, start: int = 0) -> torch.Tensor:
    return may_attend(plan, None, start)


def running_positions(plan: Plan) -> torch.Tensor:
    more = torch.arange(1, len(plan.ids) - plan.positions.shape[-1] + 1)
    tail = plan.positions[..., -1:] + more
    return torch.cat([plan.positions, tail], dim=-1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", FAMILIES)
def test_questions_that_see_each_other_are_wrong(
    is_wrong: IsWrong, family: str, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "may_attend", everything_before)
    assert is_wrong(family, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", FAMILIES)
def test_positions_that_run_on_are_wrong(
    is_wrong: IsWrong, family: str, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "packed_positions", property(running_positions))
    assert is_wrong(family, mode)


@pytest.mark.parametrize(
    ("family", "mode"),
    [("sliding_pixtral", "packed"), ("sliding_pixtral", "two-step"), ("gemma3", "two-step")],
)
def test_a_forgotten_sliding_window_is_wrong(
    is_wrong: IsWrong, family: str, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "may_attend", without_window)
    assert is_wrong(family, mode)
