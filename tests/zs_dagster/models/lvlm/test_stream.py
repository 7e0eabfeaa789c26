"""Chunks go in and scores come out, in order and not far apart."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.lvlm.ahead import one_ahead, one_late
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.scorer import TransformersScorer
from zs_dagster.models.protocols import YesNoScorer

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
Questions = tuple[str, ...]


def draw(count: int, height: int = 48, width: int = 80, seed: int = 0) -> Frames:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def preparing() -> list[str]:
    """Names of the threads that prepare frames."""
    return [t.name for t in threading.enumerate() if t.name.startswith("prepare-frames")]


@pytest.fixture
def scorer(model_folder: ModelFolder) -> TransformersScorer:
    return load_scorer(model_folder("qwen2_5_vl"), mode="packed", batch_frames=2)


@pytest.mark.parametrize("mode", ["packed", "two-step", "prefix", "naive"])
def test_a_stream_gives_what_single_calls_give(
    model_folder: ModelFolder, questions: Questions, mode: Mode
) -> None:
    # Sizes and counts as they may come: upright, empty, one frame, more than a batch.
    chunks = [draw(3), draw(1, 80, 48), draw(0), draw(5, 64, 64), draw(2)]
    scorer: YesNoScorer = load_scorer(model_folder("qwen2_5_vl"), mode=mode, batch_frames=2)
    found = list(scorer.score_stream(iter(chunks), questions))
    assert [len(scores) for scores in found] == [3, 1, 0, 5, 2]
    for chunk, scores in zip(chunks, found, strict=True):
        expected = scorer.score(chunk, questions)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)


def test_no_chunks_give_no_scores(scorer: TransformersScorer, questions: Questions) -> None:
    assert list(scorer.score_stream([], questions)) == []


def test_no_questions_give_empty_scores(scorer: TransformersScorer) -> None:
    shapes = [scores.shape for scores in scorer.score_stream([draw(3), draw(0)], [])]
    assert shapes == [(3, 0), (0, 0)]


def test_at_most_two_batches_are_read_ahead(
    scorer: TransformersScorer, questions: Questions
) -> None:
    read: list[int] = []

    def chunks() -> Iterator[Frames]:
        for number in range(12):
            read.append(number)
            yield draw(2, seed=number)

    stream = scorer.score_stream(chunks(), questions)
    assert read == []
    for done, _ in enumerate(stream, start=1):
        assert len(read) <= done + 2
    assert len(read) == 12


def test_a_long_chunk_is_prepared_batch_by_batch(
    scorer: TransformersScorer, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, run = [0], [0]
    ahead: list[int] = []
    real_prepare, real_run = scorer._backend.prepare, scorer._forward.run

    def prepare(batch: Batch) -> Batch:
        prepared[0] += 1
        ahead.append(prepared[0] - run[0])
        return real_prepare(batch)

    def forward(batch: Batch) -> Scored:
        scored = real_run(batch)
        run[0] += 1
        return scored

    monkeypatch.setattr(scorer._backend, "prepare", prepare)
    monkeypatch.setattr(scorer._forward, "run", forward)
    scorer.score(draw(20), questions)
    assert prepared == run == [10]
    assert max(ahead) <= 2


def test_what_the_source_raises_comes_out(
    scorer: TransformersScorer, questions: Questions
) -> None:
    def chunks() -> Iterator[Frames]:
        yield draw(2)
        yield draw(2)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(scorer.score_stream(chunks(), questions))
    assert not preparing()


def test_what_preparing_raises_comes_out(
    scorer: TransformersScorer, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug in a processor")

    monkeypatch.setattr(scorer._backend.prompts, "batch", broken)
    with pytest.raises(ZeroDivisionError, match="a bug in a processor"):
        list(scorer.score_stream([draw(2)], questions))
    assert not preparing()


def test_a_bad_chunk_is_refused_when_its_turn_comes(
    scorer: TransformersScorer, questions: Questions
) -> None:
    with pytest.raises(InputError, match=r"must be uint8 of shape .*got float64"):
        list(scorer.score_stream([draw(2), np.zeros((2, 8, 8, 3))], questions))  # type: ignore[list-item] # on purpose


def test_bad_questions_are_refused_at_once(scorer: TransformersScorer) -> None:
    with pytest.raises(InputError, match="a question must have text"):
        scorer.score_stream([draw(2)], [" "])


def test_a_size_the_processor_refuses_is_named(
    scorer: TransformersScorer, questions: Questions
) -> None:
    # Qwen's processor refuses what is 200 times as long as wide.
    with pytest.raises(ModelError, match=r"must read frames of 1x300, and refused"):
        list(scorer.score_stream([draw(1, 1, 300)], questions))


def test_closing_ends_the_thread_and_reads_no_further(
    scorer: TransformersScorer, questions: Questions
) -> None:
    read: list[int] = []

    def chunks() -> Iterator[Frames]:
        for number in range(50):
            read.append(number)
            yield draw(2)

    stream = scorer.score_stream(chunks(), questions)
    next(stream)
    assert preparing()
    stream.close()  # type: ignore[attr-defined] # a generator
    assert not preparing()
    assert len(read) <= 4


def test_the_next_item_is_made_while_one_is_used() -> None:
    second = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    items = one_ahead(source())
    assert next(items) == 1
    assert second.wait(timeout=30)
    assert list(items) == [2]


def test_falsy_items_are_items() -> None:
    assert list(one_ahead(iter([0, None, ()]))) == [0, None, ()]


def test_one_late_loses_nothing() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    late = one_late(source())
    assert (next(late), made) == (0, [0, 1])
    assert list(late) == [1, 2]
    assert list(one_late(iter([]))) == []
