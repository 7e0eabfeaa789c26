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
from zs_dagster.models.lvlm.plan import Plan
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.selection import Mode
from zs_dagster.models.lvlm.untyped import Inputs

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
Questions = tuple[str, ...]

ATTENTION = ["llava_onevision", "pixtral", "sliding_pixtral", "qwen2_5_vl", "qwen3_vl"]
RUNS = [(family, mode) for family in ATTENTION for mode in ("packed", "prefix")]
# Far above the rounding of float32 and far below the effect of any mistake.
TOLERANCE = 1e-5
MISTAKE = 1e-2


def test_every_family_is_scored_by_its_own_answer_for_frame_and_question(
    model_folder: ModelFolder, frames: Frames, questions: Questions
) -> None:
    # Guards the comparisons below: constant scores would agree whatever the modes do.
    for family in ATTENTION:
        scores = load_scorer(model_folder(family), mode="naive").score(frames, questions)
        assert np.ptp(scores, axis=0).max() > MISTAKE, family
        assert np.ptp(scores, axis=1).max() > MISTAKE, family


@pytest.mark.parametrize(("family", "mode"), [*RUNS, ("qwen3_5", "prefix")])
def test_mode_reproduces_naive(
    model_folder: ModelFolder, frames: Frames, questions: Questions, family: str, mode: Mode
) -> None:
    naive = load_scorer(model_folder(family), mode="naive").score(frames, questions)
    found = load_scorer(model_folder(family), mode=mode).score(frames, questions)
    np.testing.assert_allclose(found, naive, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("family", "mode"), [*RUNS, ("qwen3_5", "prefix")])
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


@pytest.mark.parametrize("mode", ["packed", "prefix"])
def test_a_long_list_of_questions_is_answered_like_a_short_one(
    model_folder: ModelFolder,
    frames: Frames,
    mode: Mode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefix_module, "_MAX_ROWS", 12)
    many = [f"Is the athlete doing step {'very ' * (i % 5)}{i}?" for i in range(26)]
    scorer = load_scorer(model_folder("qwen2_5_vl"), mode=mode)
    found = scorer.score(frames, many)
    each = np.concatenate([scorer.score(frames, [question]) for question in many], axis=1)
    np.testing.assert_allclose(found, each, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("mode", ["packed", "prefix"])
@pytest.mark.parametrize("family", ATTENTION)
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


@pytest.mark.parametrize("mode", ["packed", "prefix"])
def test_a_processor_that_lays_frames_out_by_content_is_refused(
    model_folder: ModelFolder, frames: Frames, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Prompts.batch

    def uneven(self: Prompts, frames: Frames, text: str) -> Inputs:
        inputs = whole(self, frames, text)
        inputs["input_ids"][1, 2] += 1
        return inputs

    monkeypatch.setattr(Prompts, "batch", uneven)
    scorer = load_scorer(model_folder("llava_onevision"), mode=mode)
    with pytest.raises(ModelError, match=r"must take the same image tokens.*use mode 'naive'"):
        scorer.score(frames, ["Is it day?"])


@pytest.mark.parametrize("family", ["llava_onevision", "sliding_pixtral", "qwen2_5_vl"])
def test_the_mask_is_right_under_eager_attention(
    model_folder: ModelFolder, frames: Frames, questions: Questions, family: str
) -> None:
    naive = load_scorer(model_folder(family), mode="naive").score(frames, questions)
    scorer = load_scorer(model_folder(family), mode="packed")
    scorer._backend.model.set_attn_implementation("eager")
    np.testing.assert_allclose(scorer.score(frames, questions), naive, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("mode", ["naive", "packed", "prefix"])
def test_half_precision_stays_near_full(
    model_folder: ModelFolder, frames: Frames, questions: Questions, mode: Mode
) -> None:
    full = load_scorer(model_folder("llava_onevision"), mode="naive").score(frames, questions)
    half = load_scorer(model_folder("llava_onevision"), mode=mode, dtype="bfloat16")
    found = half.score(frames, questions)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, full, rtol=0, atol=5e-2)


def everything_before(plan: Plan, _window: int | None = None) -> torch.Tensor:
    return torch.ones(len(plan.ids), len(plan.ids), dtype=torch.bool).tril()


def without_window(plan: Plan, _window: int | None = None) -> torch.Tensor:
    return may_attend(plan)


def running_positions(plan: Plan) -> torch.Tensor:
    more = torch.arange(1, len(plan.ids) - plan.positions.shape[-1] + 1)
    tail = plan.positions[..., -1:] + more
    return torch.cat([plan.positions, tail], dim=-1)


def largest_error(folder: Path, frames: Frames, questions: Questions) -> float:
    naive = load_scorer(folder, mode="naive").score(frames, questions)
    found = load_scorer(folder, mode="packed").score(frames, questions)
    return float(np.abs(found - naive).max())


@pytest.mark.parametrize("family", ["llava_onevision", "pixtral", "qwen2_5_vl", "qwen3_vl"])
def test_control_questions_that_see_each_other_are_wrong(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    family: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(masks_module, "may_attend", everything_before)
    assert largest_error(model_folder(family), frames, questions) > MISTAKE


@pytest.mark.parametrize("family", ATTENTION)
def test_control_positions_that_run_on_are_wrong(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    family: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Plan, "packed_positions", property(running_positions))
    assert largest_error(model_folder(family), frames, questions) > MISTAKE


def test_control_a_forgotten_sliding_window_is_wrong(
    model_folder: ModelFolder,
    frames: Frames,
    questions: Questions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(masks_module, "may_attend", without_window)
    assert largest_error(model_folder("sliding_pixtral"), frames, questions) > MISTAKE
