"""The rules of `score`: shapes, ranges and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.lvlm.batch import Scored
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.modes import SCORES, Mode
from zs_dagster.models.protocols import YesNoScorer

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]


def test_it_is_a_yes_no_scorer(
    model_folder: ModelFolder, frames: Frames, questions: tuple[str, ...]
) -> None:
    scorer: YesNoScorer = load_scorer(model_folder("llava_onevision"))
    scores = scorer.score(frames, questions)
    assert scores.shape == (3, 5)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


def test_nothing_to_score_costs_nothing(model_folder: ModelFolder, frames: Frames) -> None:
    scorer = load_scorer(model_folder("llava_onevision"))
    assert scorer.score(frames[:0], ["Is it day?"]).shape == (0, 1)
    assert scorer.score(frames, []).shape == (3, 0)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(np.zeros((2, 8, 8, 3), dtype=np.float32), id="float"),
        pytest.param(np.zeros((8, 8, 3), dtype=np.uint8), id="one-frame"),
        pytest.param(np.zeros((2, 3, 8, 8), dtype=np.uint8), id="channels-first"),
    ],
)
def test_frames_must_be_uint8_rgb(model_folder: ModelFolder, bad: Frames) -> None:
    scorer = load_scorer(model_folder("llava_onevision"))
    with pytest.raises(InputError, match=r"must be uint8 of shape \(N, H, W, 3\), got "):
        scorer.score(bad, ["Is it day?"])


@pytest.mark.parametrize("mode", ["auto", "packed", "two-step", "prefix", "naive"])
def test_nan_is_refused_by_name(
    model_folder: ModelFolder, frames: Frames, mode: Mode | Literal["auto"]
) -> None:
    scorer = load_scorer(model_folder("llava_onevision"), mode=mode)
    scorer._backend.model.lm_head.weight.data.fill_(torch.nan)
    expected = r"must be finite, got NaN.*LlavaOnevisionForConditionalGeneration \(float32\)"
    with pytest.raises(ModelError, match=expected):
        scorer.score(frames, ["Is it day?"])


def test_a_model_that_gives_nan_has_no_mode(model_folder: ModelFolder) -> None:
    scorer = load_scorer(model_folder("llava_onevision"))
    scorer._backend.model.lm_head.weight.data.fill_(torch.nan)
    with pytest.raises(ModelError, match="must be finite, got NaN"):
        _ = scorer.mode


def test_infinity_in_one_frame_is_refused(
    model_folder: ModelFolder, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflow(*_: object) -> Scored:
        return Scored(torch.tensor([[0.0], [torch.inf], [0.0]]), lambda: 1.0)

    monkeypatch.setitem(SCORES, "packed", overflow)
    scorer = load_scorer(model_folder("llava_onevision"), mode="packed")
    with pytest.raises(ModelError, match=r"in 1 of 3 scores; use another dtype"):
        scorer.score(frames, ["Is it day?"])


def test_frames_the_model_cannot_read_are_named_by_size(
    model_folder: ModelFolder, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mismatch(*_: object) -> Scored:
        raise ValueError("Image features and image tokens do not match")

    monkeypatch.setitem(SCORES, "packed", mismatch)
    scorer = load_scorer(model_folder("llava_onevision"), mode="packed")
    with pytest.raises(ModelError, match=r"frames of 48x80.*do not match; use another frame"):
        scorer.score(frames, ["Is it day?"])


def test_a_mode_that_was_asked_for_is_used_or_refused(
    model_folder: ModelFolder, frames: Frames
) -> None:
    scorer = load_scorer(model_folder("qwen3_5"), mode="packed")
    assert (scorer.mode, scorer.mode_reason) == ("packed", "asked for, not checked")
    with pytest.raises(ModelError, match=r"has \['linear_attention'\]; use mode 'prefix'"):
        scorer.score(frames, ["Is it day?"])


def test_settings_out_of_range_are_refused(model_folder: ModelFolder) -> None:
    folder = model_folder("llava_onevision")
    with pytest.raises(InputError, match="batch_frames must be >= 1, got 0"):
        load_scorer(folder, batch_frames=0)
    with pytest.raises(InputError, match=r"mode must be one of \['auto', .*got 'fast'"):
        load_scorer(folder, mode="fast")  # type: ignore[arg-type] # on purpose


def test_one_text_is_not_a_list_of_questions(model_folder: ModelFolder, frames: Frames) -> None:
    scorer = load_scorer(model_folder("llava_onevision"))
    with pytest.raises(InputError, match="questions must be a list of texts, got one text 'Is"):
        scorer.score(frames, "Is it day?")


@pytest.mark.parametrize("mode", ["packed", "naive"])
def test_views_of_other_arrays_are_read_as_they_look(
    model_folder: ModelFolder, frames: Frames, mode: Mode
) -> None:
    # Mirrored and read-only, as a colour swap or a memory map hands them over.
    scorer = load_scorer(model_folder("llava_onevision"), mode=mode)
    view = frames[::-1, :, ::-1]
    view.flags.writeable = False
    expected = scorer.score(view.copy(), ["Is it day?"])
    np.testing.assert_array_equal(scorer.score(view, ["Is it day?"]), expected)
