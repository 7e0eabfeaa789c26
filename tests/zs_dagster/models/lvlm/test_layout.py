"""The FLOP model against what `torch.utils.flop_counter` sees in real forwards."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from zs_dagster.errors import ModelError
from zs_dagster.models.cost import lvlm_cost
from zs_dagster.models.lvlm.layout import frame_layout, model_config
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.source import ModelSource, find_source
from zs_dagster.models.profiles import load_profile

# Measured: within 0.1 %. The bound is what an estimate needs.
BOUND = 0.05
FAMILIES = ["llava_onevision", "pixtral", "qwen2_5_vl", "qwen3_vl"]


def counted(
    folder: Path, frame: NDArray[np.uint8], questions: tuple[str, ...], mode: Mode
) -> int:
    scorer = load_scorer(folder, device="cpu", mode=mode)
    with FlopCounterMode(display=False) as counter:
        scorer.score(frame, questions)
    total: int = counter.get_total_flops()
    return total


def check(source: ModelSource, frame: NDArray[np.uint8], questions: tuple[str, ...]) -> None:
    cost = lvlm_cost(model_config(source))
    layout = frame_layout(source, (frame.shape[1], frame.shape[2]), questions)
    folder = Path(source.name)
    assert cost.shared(layout) == pytest.approx(
        counted(folder, frame, questions, "packed"), rel=BOUND
    )
    assert cost.naive(layout) == pytest.approx(
        counted(folder, frame, questions, "naive"), rel=BOUND
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_small_models_of_real_architectures_cost_what_is_computed(
    model_folder: Callable[[str], Path],
    frames: NDArray[np.uint8],
    questions: tuple[str, ...],
    family: str,
) -> None:
    check(find_source(model_folder(family)), frames[:1], questions)


def test_the_demo_model_costs_what_is_computed(questions: tuple[str, ...]) -> None:
    frame = np.zeros((1, 96, 96, 3), np.uint8)
    check(find_source(load_profile("demo").lvlm.model), frame, questions)


def test_a_larger_frame_takes_more_tiles(
    model_folder: Callable[[str], Path], questions: tuple[str, ...]
) -> None:
    source = find_source(model_folder("llava_onevision"))
    square = frame_layout(source, (32, 32), questions[:1])
    wide = frame_layout(source, (32, 64), questions[:1])
    assert (square.tiles, wide.tiles) == (2, 3)
    assert wide.prefix + wide.suffixes[0] > square.prefix + square.suffixes[0]
    assert square.patches == wide.patches == 16


def test_linear_attention_is_refused_by_name(model_folder: Callable[[str], Path]) -> None:
    config = model_config(find_source(model_folder("qwen3_5")))
    with pytest.raises(ModelError, match="linear attention"):
        lvlm_cost(config)


def test_a_model_that_is_not_here_is_one_line(questions: tuple[str, ...]) -> None:
    absent = ModelSource("nobody/nothing", "0123abc")
    with pytest.raises(ModelError, match="cannot load model 'nobody/nothing'"):
        model_config(absent)
    with pytest.raises(ModelError, match="cannot load model 'nobody/nothing'"):
        frame_layout(absent, (32, 32), questions)
