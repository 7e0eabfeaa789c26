"""Scoring one video: every wanted answer once, the same result however often it is killed."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import VideoError
from zs_dagster.frame_confidence.economy import Economy
from zs_dagster.frame_confidence.task import KIND, Samples, ScoringTask
from zs_dagster.store import Store

PROMPTS = ("start of a", "end of a", "start of b")
ECONOMIES = st.sampled_from(
    [
        Economy(),
        Economy(stride=3, refine_share=0.3),
        Economy(repeat_similarity=0.9),
        Economy(stride=2, refine_share=0.2, repeat_similarity=0.7),
    ]
)


class KilledError(Exception):
    """The process is gone."""


class Model:
    """Answers by number of frame and prompt, counts, and dies after some chunks."""

    def __init__(self, lives: int = 10**9) -> None:
        self.asked: Counter[tuple[int, str]] = Counter()
        self.lives = lives

    def stream(self, chunks: Iterable[Any], texts: Sequence[str]) -> Iterator[Any]:
        chunks = iter(chunks)
        ahead = next(chunks, None)
        # Like a pipelined model, it takes a chunk while the one before is not answered.
        while ahead is not None:
            chunk, ahead = ahead, next(chunks, None)
            if self.lives == 0:
                raise KilledError
            self.lives -= 1
            frames = chunk[:, 0, 0, 0].tolist()
            self.asked.update((frame, text) for frame in frames for text in texts)
            yield np.array([[p_yes(f, t) for t in texts] for f in frames], dtype=np.float32)


def p_yes(frame: int, prompt: str) -> float:
    return (frame * 37 + len(prompt) * 11) % 101 / 100


def samples(n: int, seed: int = 0) -> Samples:
    steps = np.random.default_rng(seed).normal(size=(n, 4)) * 0.5
    features = (steps.cumsum(axis=0) + 1).astype(np.float16)
    return Samples(np.arange(n, dtype=np.float64) * 1.5, features)


def run(
    folder: Path, sampled: Samples, economy: Economy, model: Model, prompts: Sequence[str]
) -> dict[str, Any]:
    """Score a video in chunks of 4 and return what is stored; as an asset would."""
    store = Store(folder)
    keys = {prompt: prompt.replace(" ", "-") for prompt in prompts}
    task = ScoringTask(store, "video", keys, sampled, economy)
    while (look := task.next_look()).any():
        frames = np.flatnonzero(look.any(axis=1))
        chunks = (
            (np.full((part.size, 1, 1, 1), part[:, None, None, None]), sampled.time_s[part])
            for part in np.split(frames, range(4, frames.size, 4))
        )
        task.ask(look, chunks, model.stream)
    task.finish()
    return {p: store.load_arrays(KIND, key)["p_yes"] for p, key in keys.items()}


def test_every_frame_is_asked_every_prompt_once(tmp_path: Path) -> None:
    model, sampled = Model(), samples(10)
    found = run(tmp_path, sampled, Economy(), model, PROMPTS)
    assert model.asked == Counter({(f, p): 1 for f in range(10) for p in PROMPTS})
    for prompt, values in found.items():
        np.testing.assert_allclose(values, [p_yes(f, prompt) for f in range(10)], atol=1e-6)
    kept = Store(tmp_path).load_arrays(KIND, "end-of-a")
    np.testing.assert_array_equal(kept["time_s"], sampled.time_s)
    assert {p.parent.parent.name for p in tmp_path.rglob("*.safetensors")} == {KIND}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), ECONOMIES, st.lists(st.integers(0, 4), max_size=8))
def test_killed_and_resumed_it_asks_nothing_twice_and_ends_the_same(
    n: int, economy: Economy, kills: list[int]
) -> None:
    sampled, asked = samples(n), Counter[tuple[int, str]]()
    with tempfile.TemporaryDirectory() as calm, tempfile.TemporaryDirectory() as folder:
        quiet = Model()
        expected = run(Path(calm), sampled, economy, quiet, PROMPTS)
        for lives in kills:
            model = Model(lives)
            try:
                run(Path(folder), sampled, economy, model, PROMPTS)
            except KilledError:
                asked += model.asked
            else:
                asked += model.asked
                break
        else:
            model = Model()
            run(Path(folder), sampled, economy, model, PROMPTS)
            asked += model.asked
        found = {
            p: Store(Path(folder)).load_arrays(KIND, p.replace(" ", "-"))["p_yes"]
            for p in PROMPTS
        }
    for prompt, values in expected.items():
        np.testing.assert_array_equal(found[prompt], values)
    assert asked == quiet.asked
    assert max(asked.values()) == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), ECONOMIES, st.integers(0, 9))
def test_an_answer_does_not_depend_on_what_else_is_asked(
    n: int, economy: Economy, seed: int
) -> None:
    sampled = samples(n, seed)
    with tempfile.TemporaryDirectory() as together, tempfile.TemporaryDirectory() as alone:
        found = run(Path(together), sampled, economy, Model(), PROMPTS)
        for prompt in PROMPTS:
            single = run(Path(alone), sampled, economy, Model(), [prompt])
            np.testing.assert_array_equal(single[prompt], found[prompt])


def test_an_economy_asks_fewer_and_keeps_the_answers_it_asked(tmp_path: Path) -> None:
    model = Model()
    found = run(tmp_path, samples(60), Economy(stride=4, refine_share=0.2), model, PROMPTS[:1])
    frames = sorted(frame for frame, _ in model.asked)
    assert len(frames) < 40
    asked = found[PROMPTS[0]][frames]
    np.testing.assert_allclose(asked, [p_yes(f, PROMPTS[0]) for f in frames], atol=1e-6)


def test_repeats_take_over_the_answer(tmp_path: Path) -> None:
    features = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0]], dtype=np.float16)
    model = Model()
    sampled = Samples(np.arange(5.0), features)
    found = run(tmp_path, sampled, Economy(repeat_similarity=0.99), model, PROMPTS[:1])
    assert sorted(frame for frame, _ in model.asked) == [0, 2, 4]
    prompt = PROMPTS[0]
    expected = [p_yes(frame, prompt) for frame in (0, 0, 2, 2, 4)]
    np.testing.assert_allclose(found[prompt], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("times", "rule"),
    [
        ([0.0, 1.5, 3.1], "other frames than before; materialise `frame_features` again"),
        ([0.0, 1.5, 3.0, 4.5], "other frames than before"),
        ([0.0, 1.5], "2 frames of 3; get the file again"),
    ],
)
def test_other_frames_than_were_sampled_are_refused(
    tmp_path: Path, times: list[float], rule: str
) -> None:
    store = Store(tmp_path)
    task = ScoringTask(store, "video", {"p": "key"}, samples(3), Economy())
    chunk = (np.zeros((len(times), 1, 1, 1), dtype=np.uint8), np.array(times))
    with pytest.raises(VideoError, match=rule):
        task.ask(task.next_look(), [chunk], Model().stream)
    assert not store.has_arrays(KIND, "key")
