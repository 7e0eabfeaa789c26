"""How much probability is on yes or no: told at start-up, and warned of on the first frames."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.models.lvlm import selection
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.naive import naive_logits

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
Questions = tuple[str, ...]


def answer_always(backend: Backend) -> None:
    bias = torch.full((backend.model.lm_head.out_features,), -50.0)
    bias[list(backend.answers.yes)] = 0.0
    bias[list(backend.answers.no)] = 1.0
    backend.model.lm_head.bias = torch.nn.Parameter(bias)


def test_a_model_that_wants_to_say_something_else_is_warned_of_once(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scorer = load_scorer(model_folder("pixtral"))
    with caplog.at_level(logging.INFO, logger=selection.__name__):
        for _ in range(2):
            scorer.score(frames, questions)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "of its probability on yes or no as first answer token" in warnings[0]
    assert "(synthetic frames)" in caplog.text


def test_a_model_that_answers_is_not_warned_of(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scorer = load_scorer(model_folder("pixtral"))
    answer_always(scorer._backend)
    with caplog.at_level(logging.INFO, logger=selection.__name__):
        scorer.score(frames, questions)
    for kind in ("synthetic", "real"):
        assert f"puts 1.000 of its probability on yes or no ({kind} frames)" in caplog.text
    assert "WARNING" not in caplog.text


@pytest.mark.parametrize("mode", ["packed", "two-step", "prefix", "naive"])
def test_the_mass_is_that_of_the_first_frame(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    mode: Mode,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scorer = load_scorer(model_folder("qwen2_5_vl"), mode=mode)
    backend = scorer._backend
    with torch.inference_mode():
        logits = [naive_logits(backend, frames[0], question) for question in questions]
        mass = torch.stack(logits).softmax(-1)[:, backend.answers.ids].sum(-1).mean()
    with caplog.at_level(logging.INFO, logger=selection.__name__):
        scorer.score(frames, questions)
    assert f"puts {float(mass):.3f} of its probability" in caplog.text
