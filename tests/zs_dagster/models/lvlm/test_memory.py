"""As many frames and questions in a forward as fit, and fewer where that was too many."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm import memory
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.memory import BatchSize, bytes_per_pair, bytes_per_token
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.scorer import TransformersScorer

ModelFolder = Callable[[str], Path]
Questions = tuple[str, ...]
Sizes = list[int]


@pytest.fixture(scope="module")
def many() -> NDArray[np.uint8]:
    """Eleven frames that differ."""
    return np.random.default_rng(5).integers(0, 256, (11, 48, 80, 3), dtype=np.uint8)


def watch(scorer: TransformersScorer, fits: int = 1000) -> Sizes:
    """Note the frames of every forward of the real model, and let only so many fit."""
    model, sizes = scorer._backend.model.model, []
    real = model.forward

    def forward(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
        # Without pixels, the rows are questions upon a cached prefix.
        if "pixel_values" in kwargs:
            sizes.append(len(kwargs["input_ids"]))
            if sizes[-1] > fits:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
        return real(*args, **kwargs)

    model.forward = forward
    return sizes


def watch_lengths(scorer: TransformersScorer, fits: int = 1 << 30) -> Sizes:
    """Note the tokens of a row of every forward of the real model, and let only so many fit."""
    model, lengths = scorer._backend.model.model, []
    real = model.forward

    def forward(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
        lengths.append(kwargs["input_ids"].shape[1])
        if lengths[-1] > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
        return real(*args, **kwargs)

    model.forward = forward
    return lengths


@pytest.mark.parametrize("mode", ["packed", "two-step", "prefix"])
@pytest.mark.parametrize("fits", [1, 2, 3, 4])
def test_what_does_not_fit_is_halved_and_every_frame_scored_once(
    model_folder: ModelFolder,
    many: NDArray[np.uint8],
    questions: Questions,
    mode: Mode,
    fits: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = load_scorer(model_folder("pixtral"), mode=mode).score(many, questions)
    scorer = load_scorer(model_folder("pixtral"), mode=mode, batch_frames=11)
    watch(scorer, fits)
    with caplog.at_level(logging.WARNING, logger=memory.__name__):
        found = scorer.score(many, questions)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert "out of memory with 11 frames in a forward; 5 from now on" in caplog.text


def test_the_next_frames_come_in_batches_that_fit(
    model_folder: ModelFolder, many: NDArray[np.uint8], questions: Questions
) -> None:
    scorer = load_scorer(model_folder("pixtral"), mode="packed", batch_frames=8)
    sizes = watch(scorer, 3)
    scorer.score(many[:8], questions)
    assert sizes == [8, 4, 2, 2, 4, 2, 2]
    sizes.clear()
    scorer.score(many, questions)
    assert sizes == [2, 2, 2, 2, 2, 1]


def test_one_frame_that_does_not_fit_is_an_error(
    model_folder: ModelFolder, many: NDArray[np.uint8]
) -> None:
    scorer = load_scorer(model_folder("pixtral"), mode="packed")
    watch(scorer, 0)
    with pytest.raises(
        ModelError, match=r"must fit into memory, got none left for .* with 1 frame of 48x80"
    ):
        scorer.score(many, ["Is it day?"])


def test_memory_that_runs_out_while_pixels_are_prepared_is_halved_as_well(
    model_folder: ModelFolder,
    many: NDArray[np.uint8],
    questions: Questions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = load_scorer(model_folder("pixtral"), mode="packed").score(many, questions)
    scorer = load_scorer(model_folder("pixtral"), mode="packed")
    prompts = scorer._backend.prompts
    real = prompts.batch

    def batch(frames: NDArray[np.uint8], text: str) -> Any:  # noqa: ANN401 - passed through
        if len(frames) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(frames, text)

    monkeypatch.setattr(prompts, "batch", batch)
    np.testing.assert_allclose(scorer.score(many, questions), expected, rtol=0, atol=1e-5)


def test_the_bytes_of_a_token_by_hand(model_folder: ModelFolder) -> None:
    model = load_scorer(model_folder("pixtral"))._backend.model
    # Hidden size 64, MLP size 96; three layers of two key heads of 16; four bytes a number.
    assert bytes_per_token(model, caches=0) == 4 * (8 * 64 + 3 * 96)
    assert bytes_per_token(model, caches=5) == 4 * (8 * 64 + 3 * 96 + 5 * 2 * 3 * 2 * 16)


def test_the_frames_of_a_forward_follow_the_free_memory(
    model_folder: ModelFolder,
    many: NDArray[np.uint8],
    questions: Questions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scorer = load_scorer(model_folder("pixtral"), mode="packed")
    backend = scorer._backend
    prompts = [backend.prompts.whole(many[0], question) for question in questions]
    # One image, and what follows it of every prompt.
    image = backend.image_tokens(48, 80, questions[0])
    text = sum(prompt["input_ids"].shape[1] - image + 1 for prompt in prompts)
    frame = (image + text) * bytes_per_token(backend.model, caches=6)
    monkeypatch.setattr(memory, "free_bytes", lambda _: int(3.5 * frame / memory._SHARE))
    sizes = watch(scorer)
    scorer.score(many, questions)
    assert sizes == [3, 3, 3, 2]


def test_with_no_memory_left_one_frame_is_tried(
    model_folder: ModelFolder, many: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda _: 0)
    scorer = load_scorer(model_folder("pixtral"), mode="packed")
    sizes = watch(scorer)
    scorer.score(many[:2], ["Is it day?"])
    assert sizes == [1, 1]


def test_more_tokens_than_keep_the_device_busy_are_not_taken(
    model_folder: ModelFolder,
    many: NDArray[np.uint8],
    questions: Questions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda _: 1 << 60)
    monkeypatch.setitem(memory._MAX_TOKENS, "cpu", 1000)
    scorer = load_scorer(model_folder("pixtral"), mode="packed")
    sizes = watch(scorer)
    scorer.score(many, questions)
    plan = next(iter(scorer._backend._plans.values()))
    assert sizes[0] > 1
    assert sizes[0] * len(plan.ids) <= 1000


def numbered(count: int) -> list[str]:
    """Questions of one length that differ from their third word on."""
    return [f"Is it {i:04d}?" for i in range(count)]


@pytest.mark.parametrize("mode", ["packed", "two-step", "prefix", "naive"])
def test_many_questions_are_asked_in_groups_with_the_same_answers(
    model_folder: ModelFolder,
    many: NDArray[np.uint8],
    mode: Mode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scorer = load_scorer(model_folder("qwen2_5_vl"), mode=mode, batch_frames=2)
    together = scorer.score(many[:3], numbered(23))
    longest = scorer._backend.prompts.count(numbered(1)[0])
    monkeypatch.setattr(memory, "_FEW", 1)
    monkeypatch.setattr(memory, "_MAX_TEXT_TOKENS", 7 * longest)
    grouped = load_scorer(model_folder("qwen2_5_vl"), mode=mode, batch_frames=2)
    lengths = watch_lengths(grouped)
    found = grouped.score(many[:3], numbered(23))
    if mode == "naive":
        np.testing.assert_array_equal(found, together)
    np.testing.assert_allclose(found, together, rtol=0, atol=1e-5)
    # Four groups of at most 6 for two frames, then for one.
    forwards = {"packed": 8, "two-step": 16, "prefix": 16, "naive": 69}
    assert len(lengths) == forwards[mode]
    assert max(lengths) <= grouped._backend.image_tokens(48, 80, "?") + 7 * longest


def test_the_largest_plan_does_not_grow_with_the_questions(model_folder: ModelFolder) -> None:
    backend = load_scorer(model_folder("pixtral"), mode="packed")._backend
    each, size = backend.prompts.count(numbered(1)[0]), BatchSize(backend, None)
    for count in (memory._MAX_TEXT_TOKENS // each, 1000, 2000):
        together = size.of(48, 80, numbered(count)).questions
        assert together * each <= memory._MAX_TEXT_TOKENS
        assert together >= min(count, memory._MAX_TEXT_TOKENS // each // 2)


def test_groups_of_questions_follow_the_free_memory(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = load_scorer(model_folder("pixtral"), mode="packed")._backend
    image, each = backend.image_tokens(48, 80, "?"), backend.prompts.count(numbered(1)[0])
    tokens = image + 30 * each
    needed = tokens * bytes_per_token(backend.model, caches=1) + tokens**2 * (4 + 3)
    assert bytes_per_pair(backend.model) == 4 + 3
    for spare, expected in ((1, 30), (-1000, 29)):
        free = int(needed / memory._SHARE) + spare
        monkeypatch.setattr(memory, "free_bytes", lambda _, free=free: free)
        # Twice as many as fit, so that groups of one size are as large as can be.
        asked = numbered(2 * expected)
        assert BatchSize(backend, None).of(48, 80, asked) == (1, expected)


def test_few_questions_stay_together_whatever_is_estimated(
    model_folder: ModelFolder, many: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load_scorer(model_folder("pixtral"), mode="packed", batch_frames=1)
    monkeypatch.setattr(memory, "free_bytes", lambda _: 0)
    monkeypatch.setattr(memory, "_MAX_TEXT_TOKENS", 1)
    scorer = load_scorer(model_folder("pixtral"), mode="packed")
    lengths = watch_lengths(scorer)
    found = scorer.score(many[:2], numbered(20))
    [plan] = scorer._backend._plans.values()
    assert lengths == [len(plan.ids)] * 2
    np.testing.assert_array_equal(found, expected.score(many[:2], numbered(20)))


@pytest.mark.parametrize("mode", ["packed", "two-step"])
def test_questions_about_one_frame_that_do_not_fit_are_halved(
    model_folder: ModelFolder,
    many: NDArray[np.uint8],
    questions: Questions,
    mode: Mode,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = load_scorer(model_folder("pixtral"), mode=mode).score(many[:3], questions)
    scorer = load_scorer(model_folder("pixtral"), mode=mode, batch_frames=1)
    counts = list(map(scorer._backend.prompts.count, questions))
    image = scorer._backend.image_tokens(48, 80, "?")
    # Not all five, nor the first three, but two of any.
    lengths = watch_lengths(scorer, image + sum(sorted(counts)[-2:]))
    with caplog.at_level(logging.WARNING, logger=memory.__name__):
        found = scorer.score(many[:1], questions)
        assert "out of memory with 5 questions about one frame; 3 from now on" in caplog.text
        lengths.clear()
        found = np.concatenate([found, scorer.score(many[1:3], questions)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert max(lengths) <= image + sum(sorted(counts)[-2:])


def test_one_question_about_one_frame_that_does_not_fit_is_an_error(
    model_folder: ModelFolder, many: NDArray[np.uint8], questions: Questions
) -> None:
    scorer = load_scorer(model_folder("pixtral"), mode="packed", batch_frames=2)
    lengths = watch_lengths(scorer, 0)
    with pytest.raises(ModelError, match="with 1 frame of 48x80 and one question; use smaller"):
        scorer.score(many[:2], questions)
    # Two frames, one frame, three of its questions, two, one.
    assert len(lengths) == 5
