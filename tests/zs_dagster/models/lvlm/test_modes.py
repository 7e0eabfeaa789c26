"""The fast modes give what the reference gives, and the comparison can fail."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm import masks as masks_module
from zs_dagster.models.lvlm import prefix as prefix_module
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.masks import may_attend
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.untyped import Inputs

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
Questions = tuple[str, ...]
Naive = Callable[[str], NDArray[np.float32]]

FAST = ("packed", "two-step", "prefix")
ATTENTION = ["llava_onevision", "pixtral", "sliding_pixtral", "qwen2_5_vl", "qwen3_vl"]
RUNS = [(family, mode) for family in ATTENTION for mode in FAST]
# Like one above in all that the other tests look at.
MORE = [(family, mode) for family in ("qwen2_vl", "smolvlm") for mode in FAST]
# Two-way attention among image tokens, beside windows; layers that carry a state.
LESS = [("gemma3", "two-step"), ("gemma3", "prefix"), ("qwen3_5", "prefix")]
# Far above the rounding of float32 and far below the effect of any mistake.
TOLERANCE = 1e-5
MISTAKE = 1e-2


@pytest.mark.parametrize("family", sorted({family for family, _ in RUNS + MORE + LESS}))
def test_every_family_is_scored_by_its_own_answer_for_frame_and_question(
    naive: Naive, family: str
) -> None:
    # Guards the comparisons below: constant scores would agree whatever the modes do.
    scores = naive(family)
    assert np.ptp(scores, axis=0).max() > MISTAKE
    assert np.ptp(scores, axis=1).max() > MISTAKE


@pytest.mark.parametrize(("family", "mode"), RUNS + MORE + LESS)
def test_mode_reproduces_naive(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    naive: Naive,
    family: str,
    mode: Mode,
) -> None:
    found = load_scorer(model_folder(family), mode=mode).score(frames, questions)
    np.testing.assert_allclose(found, naive(family), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("family", "mode"), RUNS + LESS)
def test_questions_do_not_influence_each_other(
    model_folder: ModelFolder, frames: Frames, questions: Questions, family: str, mode: Mode
) -> None:
    scorer = load_scorer(model_folder(family), mode=mode)
    together = scorer.score(frames, questions)
    # The first question stays, so that only the others tell the two plans apart.
    order = [0, 3, 4, 2, 1]
    shuffled = scorer.score(frames, [questions[i] for i in order])
    np.testing.assert_allclose(shuffled, together[:, order], rtol=0, atol=TOLERANCE)
    alone = scorer.score(frames, questions[2:3])
    np.testing.assert_allclose(alone, together[:, 2:3], rtol=0, atol=TOLERANCE)
    twice = scorer.score(frames, (questions[1], questions[1]))
    np.testing.assert_allclose(twice, together[:, [1, 1]], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("family", "mode"), RUNS)
def test_batch_size_does_not_matter(
    model_folder: ModelFolder, frames: Frames, questions: Questions, family: str, mode: Mode
) -> None:
    folder = model_folder(family)
    whole = load_scorer(folder, mode=mode, batch_frames=16).score(frames, questions)
    for batch_frames in (1, 2):
        parts = load_scorer(folder, mode=mode, batch_frames=batch_frames)
        found = parts.score(frames, questions)
        np.testing.assert_allclose(found, whole, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("mode", FAST)
def test_a_long_list_of_questions_is_answered_like_a_short_one(
    model_folder: ModelFolder,
    frames: Frames,
    mode: Mode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefix_module, "MAX_ROWS", 12)
    many = [f"Is the athlete doing step {'very ' * (i % 5)}{i}?" for i in range(26)]
    scorer = load_scorer(model_folder("qwen2_5_vl"), mode=mode)
    found = scorer.score(frames, many)
    each = np.concatenate([scorer.score(frames, [question]) for question in many], axis=1)
    np.testing.assert_allclose(found, each, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("family", "mode"), RUNS)
def test_frames_of_another_shape_get_their_own_plan(
    model_folder: ModelFolder, frames: Frames, questions: Questions, family: str, mode: Mode
) -> None:
    # Upright and lying frames may take the same number of image tokens in another grid.
    scorer = load_scorer(model_folder(family), mode=mode)
    upright = np.ascontiguousarray(frames.transpose(0, 2, 1, 3))
    scorer.score(frames, questions)
    naive = load_scorer(model_folder(family), mode="naive").score(upright, questions)
    found = scorer.score(upright, questions)
    np.testing.assert_allclose(found, naive, rtol=0, atol=TOLERANCE)


def test_a_plan_serves_all_batches_of_one_size(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built = []

    def count(*args: object) -> torch.Tensor:
        built.append(args)
        return may_attend(*args)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(masks_module, "may_attend", count)
    scorer = load_scorer(model_folder("qwen2_5_vl"), mode="packed", batch_frames=1)
    for _ in range(2):
        scorer.score(frames, questions)
    assert len(built) == 1


@pytest.mark.parametrize("mode", FAST)
def test_a_processor_that_lays_frames_out_by_content_is_refused(
    model_folder: ModelFolder, frames: Frames, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Prompts.batch

    def uneven(self: Prompts, frames: Frames, text: str) -> Inputs:
        inputs = whole(self, frames, text)
        inputs["input_ids"][1:, 2] += 1
        return inputs

    monkeypatch.setattr(Prompts, "batch", uneven)
    scorer = load_scorer(model_folder("llava_onevision"), mode=mode)
    with pytest.raises(ModelError, match=r"must take the same image tokens.*use mode 'naive'"):
        scorer.score(frames, ["Is it day?"])


@pytest.mark.parametrize("mode", ["packed", "two-step"])
@pytest.mark.parametrize("family", ["llava_onevision", "sliding_pixtral", "qwen2_5_vl"])
def test_the_mask_is_right_under_eager_attention(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    naive: Naive,
    family: str,
    mode: Mode,
) -> None:
    scorer = load_scorer(model_folder(family), mode=mode)
    scorer._backend.model.set_attn_implementation("eager")
    found = scorer.score(frames, questions)
    np.testing.assert_allclose(found, naive(family), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("mode", ["naive", *FAST])
def test_half_precision_stays_near_full(
    model_folder: ModelFolder, frames: Frames, questions: Questions, naive: Naive, mode: Mode
) -> None:
    half = load_scorer(model_folder("llava_onevision"), mode=mode, dtype="bfloat16")
    found = half.score(frames, questions)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive("llava_onevision"), rtol=0, atol=5e-2)
