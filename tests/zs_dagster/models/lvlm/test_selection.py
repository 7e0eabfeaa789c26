"""A mode that does not reproduce the reference is not used, and the reason is kept."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from zs_dagster.models.lvlm import masks as masks_module
from zs_dagster.models.lvlm import selection
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.loading import Dtype, load_scorer
from zs_dagster.models.lvlm.naive import naive_log_odds
from zs_dagster.models.lvlm.plan import Plan
from zs_dagster.models.lvlm.untyped import Json, Tokenizer

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
hf: Json = transformers


def shifted(backend: Backend, frames: Frames, questions: Sequence[str]) -> torch.Tensor:
    """Right but for a thousandth: what a subtle mistake looks like."""
    return naive_log_odds(backend, frames, questions) + 1e-3 * 4


def crashing(*_: object) -> torch.Tensor:
    raise AttributeError("this decoder has no such layer")


@pytest.mark.parametrize("family", ["llava_onevision", "pixtral", "qwen2_5_vl", "qwen3_vl"])
def test_known_families_run_packed(model_folder: ModelFolder, family: str) -> None:
    scorer = load_scorer(model_folder(family))
    assert scorer.mode == "packed"
    assert scorer.mode_reason.startswith("packed agrees with naive by ")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_types_run_packed(model_folder: ModelFolder, dtype: Dtype) -> None:
    scorer = load_scorer(model_folder("llava_onevision"), dtype=dtype)
    assert scorer.mode == "packed"


def test_a_packed_mode_that_is_slightly_wrong_is_not_used(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(selection.SCORES, "packed", shifted)
    scorer = load_scorer(model_folder("llava_onevision"))
    assert scorer.mode == "prefix"
    assert "packed differs from naive by " in scorer.mode_reason
    assert "prefix agrees with naive by " in scorer.mode_reason


def test_a_packed_mode_with_a_leaking_mask_is_not_used(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaking(plan: Plan, _window: int | None = None) -> torch.Tensor:
        return torch.ones(len(plan.ids), len(plan.ids), dtype=torch.bool).tril()

    monkeypatch.setattr(masks_module, "may_attend", leaking)
    scorer = load_scorer(model_folder("qwen2_5_vl"))
    assert scorer.mode == "prefix"
    assert "packed differs from naive by " in scorer.mode_reason


def test_with_no_fast_mode_left_the_reference_scores(
    model_folder: ModelFolder,
    frames: Frames,
    questions: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    naive = load_scorer(model_folder("pixtral"), mode="naive").score(frames, questions)
    monkeypatch.setitem(selection.SCORES, "packed", crashing)
    monkeypatch.setitem(selection.SCORES, "prefix", shifted)
    scorer = load_scorer(model_folder("pixtral"))
    np.testing.assert_array_equal(scorer.score(frames, questions), naive)
    assert scorer.mode == "naive"
    assert scorer.mode_reason.startswith(
        "packed failed with AttributeError: this decoder has no such layer; prefix differs"
    )


def test_a_hybrid_model_runs_on_its_prefix(
    model_folder: ModelFolder, frames: Frames, questions: tuple[str, ...]
) -> None:
    scorer = load_scorer(model_folder("qwen3_5"))
    naive = load_scorer(model_folder("qwen3_5"), mode="naive").score(frames, questions)
    np.testing.assert_allclose(scorer.score(frames, questions), naive, rtol=0, atol=1e-5)
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


@pytest.fixture
def gemma_folder(
    tmp_path: Path,
    make_tokenizer: Callable[..., Tokenizer],
    text_options: Callable[..., dict[str, Json]],
) -> Path:
    """Gemma 3: image tokens see each other in both directions, text is causal."""
    tokenizer = make_tokenizer({"boi_token": "<|vision_start|>", "eoi_token": "<|vision_end|>"})
    names = {"image": "image", "boi": "vision_start", "eoi": "vision_end"}
    ids = {
        f"{k}_token_index": tokenizer.convert_tokens_to_ids(f"<|{v}|>")
        for k, v in names.items()
    }
    layers = ["sliding_attention", "sliding_attention", "full_attention"]
    window = {"sliding_window": 64, "layer_types": layers}
    text = text_options(tokenizer, head_dim=16, query_pre_attn_scalar=16, **window)
    vision = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 64,
        "patch_size": 8,
    }
    config = hf.Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=16, **ids
    )
    torch.manual_seed(0)
    model = hf.Gemma3ForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)
    template = "<|im_start|>user\n<|vision_start|>{{ messages[0]['content'][1]['text'] }}"
    processor = hf.Gemma3Processor(
        hf.Gemma3ImageProcessor(size={"height": 64, "width": 64}),
        tokenizer,
        chat_template=f"{template}<|im_end|>\n<|im_start|>model\n",
        image_seq_length=16,
    )
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    return tmp_path


def test_a_model_with_two_way_image_attention_runs_on_its_prefix(
    gemma_folder: Path, frames: Frames, questions: tuple[str, ...]
) -> None:
    scorer = load_scorer(gemma_folder)
    naive = load_scorer(gemma_folder, mode="naive").score(frames, questions)
    np.testing.assert_allclose(scorer.score(frames, questions), naive, rtol=0, atol=1e-5)
    assert scorer.mode == "prefix"
    assert "masks by token type" in scorer.mode_reason
    assert load_scorer(gemma_folder, dtype="bfloat16").mode == "prefix"


def test_the_check_alone_would_catch_two_way_image_attention(
    gemma_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unguarded(backend: Backend, frames: Frames, questions: Sequence[str]) -> torch.Tensor:
        batch, plan = backend.prepare(frames, questions)
        how = {"attention_mask": backend.mask(plan), "use_cache": False}
        hidden = backend.hidden(batch, plan.ids, plan.packed_positions, **how)
        return backend.log_odds(hidden[:, plan.answers])

    monkeypatch.setitem(selection.SCORES, "packed", unguarded)
    scorer = load_scorer(gemma_folder)
    assert scorer.mode == "prefix"
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


def test_a_model_that_wants_to_say_something_else_is_reported(
    model_folder: ModelFolder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger=selection.__name__):
        assert load_scorer(model_folder("pixtral")).mode == "packed"
    assert "of its probability on yes or no as first answer token" in caplog.text


def test_a_model_that_answers_is_not_reported(
    model_folder: ModelFolder, caplog: pytest.LogCaptureFixture
) -> None:
    scorer = load_scorer(model_folder("llava_onevision"))
    backend = scorer._backend
    bias = torch.full((backend.model.lm_head.out_features,), -50.0)
    bias[list(backend.answers.yes)] = 0.0
    bias[list(backend.answers.no)] = 1.0
    backend.model.lm_head.bias = torch.nn.Parameter(bias)
    with caplog.at_level(logging.INFO, logger=selection.__name__):
        assert scorer.mode == "packed"
    assert "puts 1.000 of its probability on yes or no" in caplog.text
    assert "WARNING" not in caplog.text


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
