"""A server's answers are the model's own: same scores, shapes, refusals and names."""

import asyncio
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.servers.demo_brain import DemoBrain
from tests.servers.openai_server import OpenAiServer
from tests.zs_dagster.models.server.conftest import Scorer
from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.profiles import LvlmServer
from zs_dagster.models.protocols import YesNoScorer
from zs_dagster.models.server.scorer import ServerScorer

Frames = NDArray[np.uint8]
Scores = NDArray[np.float32]
Questions = tuple[str, ...]


def test_exact_scores_are_those_of_the_model(
    scorer: Scorer, frames: Frames, questions: Questions, local: Scores
) -> None:
    asked: YesNoScorer = scorer()
    scores = asked.score(frames, questions)
    assert scores.dtype == np.float32
    assert local.min() < 0.1 < 0.9 < local.max()
    np.testing.assert_allclose(scores, local, atol=1e-6)


@pytest.mark.parametrize("tokens", ["variants", "paper"])
@pytest.mark.parametrize(
    ("brain", "mode"),
    [
        pytest.param(DemoBrain(), "exact", id="by-id"),
        pytest.param(DemoBrain(by_id=False), "top-20", id="ignores-ids"),
        pytest.param(DemoBrain(by_id=False, strict=True), "top-20", id="refuses-ids"),
        pytest.param(DemoBrain(tells_ids=False), "top-20", id="does-not-tokenise"),
    ],
)
def test_the_mode_is_what_the_server_can_do(
    brain: DemoBrain,
    mode: str,
    tokens: Literal["variants", "paper"],
    frames: Frames,
    questions: Questions,
    local: Scores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "zs_dagster")
    with OpenAiServer(brain).running() as server:
        asked = ServerScorer(LvlmServer(base_url=server.url, tokens=tokens))
        scores = asked.score(frames, questions)
    assert asked.mode == mode
    assert asked.mode_reason in caplog.text
    assert f"model 'demo-lvlm' is read in mode '{mode}': " in caplog.text
    assert f"{scores.size} answers" in caplog.text
    np.testing.assert_allclose(scores, local, atol=1e-3)


def test_a_label_that_is_not_listed_is_estimated_and_counted(
    frames: Frames, questions: Questions, local: Scores, caplog: pytest.LogCaptureFixture
) -> None:
    brain = DemoBrain(by_id=False)
    brain.longest = 1
    with OpenAiServer(brain).running() as server:
        asked = ServerScorer(LvlmServer(base_url=server.url))
        scores = asked.score(frames, questions)
    tally = asked.tally
    assert (tally.answers, tally.truncated) == (24, 24)
    assert 0 < np.abs(scores - local).max() <= tally.width_max <= 0.5
    np.testing.assert_array_equal(scores > 0.5, local > 0.5)
    assert "24 answers; in 24 of them yes or no was not among the most likely" in caplog.text


def test_an_answer_without_yes_and_no_names_frame_and_question(
    frames: Frames, questions: Questions
) -> None:
    brain = DemoBrain(by_id=False)
    with OpenAiServer(brain).running() as server:
        asked = ServerScorer(LvlmServer(base_url=server.url))
        assert asked.mode == "top-20"
        server.answered.clear()

        def chunks() -> Iterator[Frames]:
            yield frames[:3]
            assert server.wait_until_answered(3 * len(questions))
            brain.forgets = frozenset({"yes", "no"})
            yield frames[:1]

        expected = (
            r"the answer to frame 3 and 'Is the red star at the top\? Only answer yes or no\.' "
            r"must begin with yes or no, got neither among the 20 most likely tokens \('.*"
            r"switch the reasoning of the model off"
        )
        with pytest.raises(ModelError, match=expected):
            list(asked.score_stream(chunks(), questions))


def test_an_unsure_model_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    brain = DemoBrain(by_id=False)
    brain.forgets = frozenset({"no"})
    with OpenAiServer(brain).running() as server:
        assert ServerScorer(LvlmServer(base_url=server.url)).mode == "top-20"
    assert "its scores compare two unlikely words. Check the chat template" in caplog.text


def test_jpeg_is_close_but_not_the_same_model_input(
    scorer: Scorer, frames: Frames, questions: Questions, local: Scores
) -> None:
    difference = np.abs(scorer(image_format="jpeg").score(frames, questions) - local).max()
    assert 1e-6 < difference < 0.05


def test_nothing_to_ask_costs_nothing(
    scorer: Scorer, lvlm_server: OpenAiServer, frames: Frames
) -> None:
    assert scorer().score(frames, []).shape == (6, 0)
    assert not lvlm_server.paths
    assert scorer().score(frames[:0], ["Is it day?"]).shape == (0, 1)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(np.zeros((2, 8, 8, 3), dtype=np.float32), id="float"),
        pytest.param(np.zeros((8, 8, 3), dtype=np.uint8), id="one-frame"),
        pytest.param(np.zeros((2, 3, 8, 8), dtype=np.uint8), id="channels-first"),
    ],
)
def test_frames_must_be_uint8_rgb(scorer: Scorer, bad: Frames) -> None:
    with pytest.raises(InputError, match=r"must be uint8 of shape \(N, H, W, 3\), got "):
        scorer().score(bad, ["Is it day?"])


def test_questions_must_be_a_list_of_texts(scorer: Scorer, frames: Frames) -> None:
    with pytest.raises(InputError, match="must be a list of texts, got one text 'Is"):
        scorer().score(frames, "Is it day?")
    with pytest.raises(InputError, match="a question must have text, got ' '"):
        scorer().score(frames, [" "])


def test_a_stream_gives_one_array_per_chunk_and_reads_one_ahead(
    scorer: Scorer, frames: Frames, questions: Questions, local: Scores
) -> None:
    taken: list[int] = []

    def chunks() -> Iterator[Frames]:
        for number, size in enumerate((2, 1, 0, 3)):
            taken.append(number)
            yield frames[sum((2, 1, 0, 3)[:number]) :][:size]

    found = []
    for number, scores in enumerate(scorer().score_stream(chunks(), questions)):
        assert len(taken) == min(number + 2, 4)
        found.append(scores)
    assert [len(scores) for scores in found] == [2, 1, 0, 3]
    np.testing.assert_allclose(np.concatenate(found), local, atol=1e-6)


def test_it_works_where_a_loop_is_running(
    scorer: Scorer, frames: Frames, questions: Questions, local: Scores
) -> None:
    async def inside() -> Scores:
        return scorer().score(frames, questions)

    np.testing.assert_allclose(asyncio.run(inside()), local, atol=1e-6)


def test_the_fingerprint_names_what_shapes_a_score(lvlm_server: OpenAiServer) -> None:
    def fingerprint(**settings: object) -> str:
        values = {"base_url": lvlm_server.url, **settings}
        return ServerScorer(LvlmServer.model_validate(values)).fingerprint

    same: list[dict[str, Any]] = [
        {},
        {"model": "demo-lvlm"},
        {"concurrency": 3, "timeout_s": 7, "max_retries": 0},
    ]
    assert len({fingerprint(**settings) for settings in same}) == 1
    other: list[dict[str, Any]] = [{}, {"image_format": "jpeg"}, {"tokens": "paper"}]
    assert len({fingerprint(**settings) for settings in other}) == 3
    with OpenAiServer(DemoBrain(by_id=False)).running() as elsewhere:
        assert fingerprint() != fingerprint(base_url=elsewhere.url)


def test_the_server_is_met_once(
    scorer: Scorer, lvlm_server: OpenAiServer, frames: Frames, questions: Questions
) -> None:
    asked = scorer()
    assert asked.fingerprint == asked.fingerprint
    asked.score(frames[:1], questions)
    asked.score(frames[:1], questions)
    assert lvlm_server.paths["/v1/models"] == 1
    assert lvlm_server.paths["/v1/chat/completions"] == 1 + 2 * len(questions)
