"""How requests go out: bounded, the image shared, one question first; and nothing stays."""

import threading
from collections.abc import Iterator

import dagster as dg
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.servers.openai_server import Fault, OpenAiServer
from tests.zs_dagster.models.server.conftest import Scorer
from zs_dagster.errors import ModelError

Frames = NDArray[np.uint8]
Scores = NDArray[np.float32]
Questions = tuple[str, ...]


@pytest.fixture
def many(frames: Frames) -> Frames:
    """Twelve frames, no two alike."""
    return np.concatenate([frames, 255 - frames])


@pytest.fixture(autouse=True)
def _nothing_is_left(lvlm_server: OpenAiServer) -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert lvlm_server.wait_until_left()
    left = {thread for thread in threading.enumerate() if thread not in before}
    assert not {thread.name for thread in left if "process_request" not in thread.name}


@pytest.mark.parametrize("concurrency", [1, 3, 12])
def test_as_many_requests_as_allowed_are_under_way_and_never_more(
    concurrency: int,
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    many: Frames,
    questions: Questions,
) -> None:
    asked = scorer(concurrency=concurrency)
    _ = asked.mode
    lvlm_server.gather = concurrency
    asked.score(many, questions)
    assert lvlm_server.peak == concurrency


def test_one_question_per_frame_keeps_all_requests_busy(
    scorer: Scorer, lvlm_server: OpenAiServer, many: Frames, questions: Questions
) -> None:
    asked = scorer(concurrency=12)
    _ = asked.mode
    lvlm_server.gather = 12
    asked.score(many, questions[:1])
    assert lvlm_server.peak == 12


def test_the_next_chunk_goes_out_while_the_last_answers_come_in(
    scorer: Scorer, lvlm_server: OpenAiServer, many: Frames, questions: Questions
) -> None:
    asked = scorer(concurrency=8)
    _ = asked.mode
    # Four frames have four first questions: eight are under way only with the next chunk's.
    lvlm_server.gather = 8
    list(asked.score_stream([many[:4], many[4:8]], questions[:1]))
    assert lvlm_server.peak == 8


def test_the_first_question_of_a_frame_is_answered_before_the_others_are_asked(
    scorer: Scorer, lvlm_server: OpenAiServer, many: Frames, questions: Questions
) -> None:
    asked = scorer(concurrency=5)
    _ = asked.mode
    lvlm_server.log.clear()
    asked.score(many, questions)
    events: dict[str, list[tuple[str, str]]] = {}
    for event, name in lvlm_server.log:
        image, _, question = name.partition(" ")
        events.setdefault(image, []).append((event, question))
    assert len(events) == len(many)
    for found in events.values():
        assert found[:2] == [("start", questions[0]), ("end", questions[0])]
        assert {question for _, question in found} == set(questions)


def test_requests_differ_in_nothing_but_image_and_question(
    scorer: Scorer, lvlm_server: OpenAiServer, many: Frames, questions: Questions
) -> None:
    asked = scorer()
    _ = asked.mode
    lvlm_server.bodies.clear()
    asked.score(many, questions)
    urls, texts = set(), set()
    for body in lvlm_server.bodies:
        image, text = body.pop("messages")[0]["content"]
        urls.add(image["image_url"]["url"])
        texts.add(text["text"])
    assert len(urls) == len(many)
    assert texts == set(questions)
    assert all(body == lvlm_server.bodies[0] for body in lvlm_server.bodies)


def test_one_refusal_ends_the_others(
    scorer: Scorer, lvlm_server: OpenAiServer, many: Frames, questions: Questions
) -> None:
    asked = scorer(concurrency=4)
    _ = asked.mode
    lvlm_server.faults.extend([Fault("hang")] * 3 + [Fault("status", 400)])
    with pytest.raises(ModelError, match="got 400"):
        asked.score(many, questions)
    # The three that were hanging are given up, and nothing else was asked.
    assert lvlm_server.wait_until_left()
    assert len(lvlm_server.bodies) == 1 + 4


def test_chunks_before_a_refusal_are_kept(
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    frames: Frames,
    questions: Questions,
    local: Scores,
) -> None:
    found: list[Scores] = []

    def chunks() -> Iterator[Frames]:
        yield frames[:4]
        yield frames[4:]
        assert lvlm_server.wait_until_answered(1 + local.size)
        lvlm_server.faults.append(Fault("status", 400))
        yield frames

    with pytest.raises(ModelError, match="got 400"):
        found.extend(scorer().score_stream(chunks(), questions))
    np.testing.assert_allclose(np.concatenate(found), local, atol=1e-6)


def test_a_stream_that_is_left_stops_asking(
    scorer: Scorer, lvlm_server: OpenAiServer, many: Frames, questions: Questions
) -> None:
    asked = scorer(concurrency=1)
    _ = asked.mode
    stream = asked.score_stream([many[:1], many[1:]], questions)
    next(stream)
    stream.close()  # type: ignore[attr-defined] # an iterator that is a generator
    assert lvlm_server.wait_until_left()
    assert len(lvlm_server.bodies) < 1 + many.shape[0] * len(questions)


def test_frames_that_cannot_be_read_end_the_stream(
    scorer: Scorer, many: Frames, questions: Questions
) -> None:
    def chunks() -> Iterator[Frames]:
        yield many
        raise OSError("no more frames")

    with pytest.raises(OSError, match="no more frames"):
        list(scorer().score_stream(chunks(), questions))


def test_it_works_in_an_asset_of_any_kind(
    scorer: Scorer, frames: Frames, questions: Questions, local: Scores
) -> None:
    @dg.asset
    def plain() -> list[float]:
        return [float(value) for value in scorer().score(frames, questions).ravel()]

    @dg.asset
    async def within_a_loop() -> list[float]:
        return [float(value) for value in scorer().score(frames, questions).ravel()]

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([plain, within_a_loop], instance=instance)
        for name in ("plain", "within_a_loop"):
            np.testing.assert_allclose(result.output_for_node(name), local.ravel(), atol=1e-6)
