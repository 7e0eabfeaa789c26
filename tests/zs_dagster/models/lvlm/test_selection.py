"""A mode that does not reproduce the reference is not used, and the reason is kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.models.lvlm import masks as masks_module
from zs_dagster.models.lvlm import mode_choice, selection
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.lvlm.loading import Dtype, load_scorer
from zs_dagster.models.lvlm.mode_choice import masked_share
from zs_dagster.models.lvlm.modes import SCORES
from zs_dagster.models.lvlm.naive import naive_logits, naive_scores
from zs_dagster.models.lvlm.plan import Plan

ModelFolder = Callable[[str], Path]
Naive = Callable[[str], NDArray[np.float32]]
Frames = NDArray[np.uint8]


def shifted(backend: Backend, batch: Batch) -> Scored:
    """Right but for a thousandth: what a subtle mistake looks like."""
    scored = naive_scores(backend, batch)
    return Scored(scored.log_odds + 1e-3 * 4, scored.mass)


def crashing(*_: object) -> Scored:
    raise AttributeError("this decoder has no such layer")


@pytest.mark.parametrize(
    "family", ["pixtral", "sliding_pixtral", "qwen2_vl", "qwen2_5_vl", "qwen3_vl"]
)
def test_known_families_run_packed(model_folder: ModelFolder, family: str) -> None:
    scorer = load_scorer(model_folder(family))
    assert scorer.mode == "packed"
    assert scorer.mode_reason.startswith("packed agrees with naive by ")


@pytest.mark.parametrize("family", ["llava_onevision", "smolvlm"])
def test_long_images_run_in_two_steps(model_folder: ModelFolder, family: str) -> None:
    scorer = load_scorer(model_folder(family))
    assert scorer.mode == "two-step"
    assert scorer.mode_reason.startswith("two-step agrees with naive by ")


def test_what_a_mask_costs_by_hand(model_folder: ModelFolder) -> None:
    model = load_scorer(model_folder("pixtral"))._backend.model
    # Three layers of 64 x 16 attention and 64 x 96 MLP weights; two keys and values of 16.
    layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 96 + 2 * 64
    assert masked_share(model, 100) == pytest.approx(3 * 64 * 100 / (3 * layer + 64))


def test_short_and_long_frames_have_each_their_mode(
    model_folder: ModelFolder, questions: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = load_scorer(model_folder("qwen2_5_vl"))
    model = scorer._backend.model
    monkeypatch.setattr(mode_choice, "LONG_SHARE", masked_share(model, 10))
    modes = []
    for width in (32, 128, 32):
        frames = np.random.default_rng(0).integers(0, 256, (1, 64, width, 3), dtype=np.uint8)
        scorer.score(frames, questions)
        modes.append(scorer.mode)
    assert modes == ["packed", "two-step", "packed"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_types_run_packed(model_folder: ModelFolder, dtype: Dtype) -> None:
    scorer = load_scorer(model_folder("pixtral"), dtype=dtype)
    assert scorer.mode == "packed"


def test_a_packed_mode_that_is_slightly_wrong_is_not_used(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCORES, "packed", shifted)
    scorer = load_scorer(model_folder("pixtral"))
    assert scorer.mode == "two-step"
    assert "packed differs from naive by " in scorer.mode_reason
    assert "two-step agrees with naive by " in scorer.mode_reason


def moved(by: float) -> Callable[[Backend, Batch], Scored]:
    """A mode whose log-odds are off by so much."""

    def score(backend: Backend, batch: Batch) -> Scored:
        scored = naive_scores(backend, batch)
        return Scored(scored.log_odds + by, scored.mass)

    return score


@pytest.mark.parametrize(("by", "mode"), [(0.5, "packed"), (1.5, "two-step")])
def test_in_half_precision_a_mode_may_err_as_much_as_the_reference(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch, by: float, mode: str
) -> None:
    # The last bit of the pixels moves the log-odds of this reference by about 0.5, and twice
    # as much is allowed; where the frames are as they are, it is exact.
    real, shown = naive_logits, selection.synthetic_frames(56, 84)

    def noisy(backend: Backend, frame: Frames, question: str) -> torch.Tensor:
        logits = real(backend, frame, question)
        if not any(np.array_equal(frame, one) for one in shown):
            logits[list(backend.answers.yes)] += 0.5
        return logits

    scorer = load_scorer(model_folder("pixtral"), dtype="bfloat16")
    backend = scorer._backend
    monkeypatch.setattr(selection, "naive_logits", noisy)
    monkeypatch.setitem(SCORES, "packed", moved(by))
    with torch.inference_mode():
        assert selection.choose_mode(backend, 56, 84).mode == mode


def test_in_full_precision_no_noise_is_allowed_for(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = load_scorer(model_folder("pixtral"))._backend
    frames = selection.synthetic_frames(56, 84)
    assert selection._noise(backend, frames, torch.zeros(2, 3)) == 0.0
    monkeypatch.setitem(SCORES, "packed", moved(0.01))
    with torch.inference_mode():
        assert selection.choose_mode(backend, 56, 84).mode == "two-step"


def test_a_packed_mode_with_a_leaking_mask_is_not_used(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaking(plan: Plan, _window: int | None = None, start: int = 0) -> torch.Tensor:
        return torch.ones(len(plan.ids), len(plan.ids), dtype=torch.bool).tril()[start:]

    monkeypatch.setattr(masks_module, "may_attend", leaking)
    scorer = load_scorer(model_folder("qwen2_5_vl"))
    assert scorer.mode == "prefix"
    assert "packed differs from naive by " in scorer.mode_reason
    assert "two-step differs from naive by " in scorer.mode_reason


def test_with_no_fast_mode_left_the_reference_scores(
    model_folder: ModelFolder,
    frames: Frames,
    questions: tuple[str, ...],
    naive: Naive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SCORES, "packed", crashing)
    monkeypatch.setitem(SCORES, "two-step", shifted)
    monkeypatch.setitem(SCORES, "prefix", shifted)
    scorer = load_scorer(model_folder("pixtral"))
    np.testing.assert_array_equal(scorer.score(frames, questions), naive("pixtral"))
    assert scorer.mode == "naive"
    assert scorer.mode_reason.startswith(
        "packed failed with AttributeError: this decoder has no such layer; two-step differs"
    )


def test_a_hybrid_model_runs_on_its_prefix(
    model_folder: ModelFolder, frames: Frames, questions: tuple[str, ...], naive: Naive
) -> None:
    scorer = load_scorer(model_folder("qwen3_5"))
    found = scorer.score(frames, questions)
    np.testing.assert_allclose(found, naive("qwen3_5"), rtol=0, atol=1e-5)
    assert scorer.mode == "prefix"
    assert "['linear_attention']" in scorer.mode_reason


def test_the_check_alone_would_catch_a_hybrid_model(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Layers nobody has heard of yet: the mask is built, and the recurrence ignores it.
    known = {"full_attention", "linear_attention"}
    monkeypatch.setattr(masks_module, "_MASKABLE_LAYERS", known)
    scorer = load_scorer(model_folder("qwen3_5"))
    assert scorer.mode == "prefix"
    assert "packed differs from naive by " in scorer.mode_reason


def test_a_model_with_two_way_image_attention_runs_in_two_steps(
    model_folder: ModelFolder, frames: Frames, questions: tuple[str, ...], naive: Naive
) -> None:
    scorer = load_scorer(model_folder("gemma3"))
    found = scorer.score(frames, questions)
    np.testing.assert_allclose(found, naive("gemma3"), rtol=0, atol=1e-5)
    assert scorer.mode == "two-step"
    assert "masks by token type" in scorer.mode_reason
    assert load_scorer(model_folder("gemma3"), dtype="bfloat16").mode == "two-step"


def test_the_check_alone_would_catch_two_way_image_attention(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unguarded(backend: Backend, batch: Batch) -> Scored:
        inputs, plan = backend.prepared(batch)
        how = {"attention_mask": backend.mask(plan), "use_cache": False}
        hidden = backend.hidden(inputs, plan.ids, plan.packed_positions, **how)
        return backend.scored(hidden[:, plan.answers])

    monkeypatch.setitem(SCORES, "packed", unguarded)
    scorer = load_scorer(model_folder("gemma3"))
    assert scorer.mode == "two-step"
    assert "packed differs from naive by " in scorer.mode_reason


@pytest.mark.parametrize(("reference", "found"), [(20.0, 15.0), (-20.0, -15.0), (0.0, 1e-3)])
def test_a_sure_answer_hides_no_difference(reference: float, found: float) -> None:
    # sigmoid(20) and sigmoid(15) differ by 3e-7 only.
    assert not selection.agree(torch.tensor([found]), torch.tensor([reference]), 1e-4)


def test_nan_agrees_with_nothing() -> None:
    nan = torch.tensor([torch.nan])
    assert not selection.agree(nan, torch.zeros(1), 1e-4)
    assert selection.agree(torch.zeros(1), torch.full((1,), 1e-5), 1e-4)


def test_the_synthetic_frames_differ_and_repeat() -> None:
    first, second = selection.synthetic_frames(24, 40)
    assert first.shape == (24, 40, 3)
    assert first.dtype == np.uint8
    assert np.abs(first.astype(int) - second).mean() > 20
    np.testing.assert_array_equal(selection.synthetic_frames(24, 40)[0], first)


def test_the_check_uses_the_size_that_is_going_to_be_scored(
    model_folder: ModelFolder, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def note(height: int, width: int) -> Frames:
        sizes.append((height, width))
        return frames[:2]

    monkeypatch.setattr(selection, "synthetic_frames", note)
    load_scorer(model_folder("pixtral")).score(frames, ["Is it day?"])
    assert sizes == [(48, 80)]
