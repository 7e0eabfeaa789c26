"""Whatever goes wrong on the way is tried again, and no answer is lost or asked for twice."""

import json
import logging

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.servers.openai_server import Fault, OpenAiServer
from tests.zs_dagster.models.server.conftest import Scorer
from zs_dagster.errors import InputError, ModelError, UnreachableError
from zs_dagster.models.server import connection

Frames = NDArray[np.uint8]
Scores = NDArray[np.float32]
Questions = tuple[str, ...]

KEY = "sk-this-is-the-secret-key"
PAST = "Wed, 21 Oct 2015 07:28:00 GMT"
WITHOUT = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes"}}]}
NAN = (
    '{"choices":[{"logprobs":{"content":[{"top_logprobs":[{"token":"yes","logprob":NaN}]}]}}]}'
)
FAULTS = {
    "busy": Fault("status", 429, retry_after="0"),
    "busy-until-a-date": Fault("status", 503, retry_after=PAST),
    "busy-until-nonsense": Fault("status", 503, retry_after="soon"),
    "broken": Fault("status", 500),
    "gone": Fault("drop"),
    "silent": Fault("hang"),
    "no-json": Fault("garbage", message='{"choices": ['),
    "no-completion": Fault("garbage", message="[]"),
    "no-logprobs": Fault("garbage", message=json.dumps(WITHOUT)),
    "nan": Fault("garbage", message=NAN),
    "other-tokens": Fault("garbage", message=NAN.replace("NaN", "-0.1")),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_passes_changes_nothing(
    kind: str,
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    frames: Frames,
    questions: Questions,
    local: Scores,
) -> None:
    asked = scorer(timeout_s=0.5 if kind == "silent" else 60)
    assert asked.mode == "exact"
    lvlm_server.answered.clear()
    lvlm_server.faults.extend([None, FAULTS[kind], None, FAULTS[kind]])
    np.testing.assert_allclose(asked.score(frames, questions), local, atol=1e-6)
    assert not lvlm_server.faults
    assert len(lvlm_server.answered) == local.size
    assert set(lvlm_server.answered.values()) == {1}


def test_many_faults_at_once_lose_nothing(
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    frames: Frames,
    questions: Questions,
    local: Scores,
) -> None:
    asked = scorer(max_retries=30, concurrency=4)
    assert asked.mode == "exact"
    lvlm_server.answered.clear()
    rng = np.random.default_rng(5)
    kinds = [kind for kind in FAULTS if kind != "silent"]
    lvlm_server.faults.extend(
        FAULTS[str(rng.choice(kinds))] if rng.random() < 0.6 else None for _ in range(60)
    )
    np.testing.assert_allclose(asked.score(frames, questions), local, atol=1e-6)
    assert lvlm_server.answered.total() == len(lvlm_server.answered) == local.size


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("busy", r"429 Too Many Requests \(injected\)"),
        ("broken", r"500 Internal Server Error \(injected\)"),
        ("gone", r"no connection \(RemoteProtocolError: Server disconnected"),
        ("silent", r"no answer within 0\.3 s"),
        ("no-json", r"a malformed answer \(text: Invalid JSON: EOF"),
        ("no-logprobs", r"a malformed answer \(choices\.0\.logprobs: Field required\)"),
        ("nan", r"a malformed answer \(choices.*a log-probability must be a number, got NaN\)"),
        ("other-tokens", r"a malformed answer \(the answer lacks tokens that were asked for\)"),
    ],
)
def test_a_fault_that_stays_is_told_in_one_line(
    kind: str, reason: str, scorer: Scorer, lvlm_server: OpenAiServer, frames: Frames
) -> None:
    asked = scorer(max_retries=2, timeout_s=0.3 if kind == "silent" else 60)
    _ = asked.mode
    lvlm_server.faults.extend([FAULTS[kind]] * 3)
    expected = rf"the server at {lvlm_server.url} must answer, got {reason}.* in the last of 3 "
    with pytest.raises(UnreachableError, match=expected) as caught:
        asked.score(frames[:1], ["Is it day?"])
    assert "\n" not in str(caught.value)
    assert lvlm_server.answered.total() == 1  # the one that the mode was found by


def test_a_server_that_wants_much_patience_is_not_waited_for(
    scorer: Scorer, lvlm_server: OpenAiServer, frames: Frames
) -> None:
    asked = scorer()
    _ = asked.mode
    lvlm_server.faults.append(Fault("status", 429, retry_after="3600"))
    with pytest.raises(ModelError, match=r"429 .*is to be tried again in 3600 s"):
        asked.score(frames[:1], ["Is it day?"])


def test_the_pause_is_what_the_server_asks_for_and_doubles_where_it_does_not(
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    frames: Frames,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "zs_dagster")
    monkeypatch.setattr(connection, "FIRST_PAUSE_S", 0.001)
    asked = scorer()
    _ = asked.mode
    waits = ["0.003", None, None, "0"]
    lvlm_server.faults.extend(Fault("status", 429, retry_after=wait) for wait in waits)
    asked.score(frames[:1], ["Is it day?"])
    tries = [r.getMessage() for r in caplog.records if "the next follows" in r.message]
    assert [text.rpartition(" in ")[2] for text in tries] == [
        "0.003 s",
        "0.002 s",
        "0.004 s",
        "0 s",
    ]


def test_a_refused_request_is_not_tried_again(
    scorer: Scorer, lvlm_server: OpenAiServer, frames: Frames
) -> None:
    asked = scorer()
    _ = asked.mode
    lvlm_server.faults.append(Fault("status", 400, message="Image too\nlarge"))
    expected = r"must accept the request, got 400 Bad Request \(Image too large\); see docs/"
    with pytest.raises(ModelError, match=expected):
        asked.score(frames[:1], ["Is it day?"])
    assert len(lvlm_server.bodies) == 2


def test_an_unknown_model_is_named(scorer: Scorer) -> None:
    expected = (
        r"must know the model 'gpt-17', got 404 Not Found \(The model `gpt-17` does not "
        r"exist\.\); see http://127\.0\.0\.1:\d+/v1/models for its names"
    )
    with pytest.raises(ModelError, match=expected):
        _ = scorer(model="gpt-17").mode


@pytest.mark.parametrize(("names", "found"), [([], "0 (none)"), (["a", "b"], "2 ('a', 'b')")])
def test_auto_needs_one_model(
    names: list[str], found: str, scorer: Scorer, lvlm_server: OpenAiServer
) -> None:
    lvlm_server.brain.models = names
    with pytest.raises(ModelError, match="model 'auto' needs a server with one") as caught:
        _ = scorer().mode
    assert f"got {found} at {lvlm_server.url}; name one" in str(caught.value)


def test_an_unreachable_host_is_told_in_one_line(scorer: Scorer) -> None:
    expected = (
        r"^the server at http://127\.0\.0\.1:1/v1 must answer, got no connection \(ConnectError"
        r".* in the last of 2 tries; check base_url and the server.*$"
    )
    with pytest.raises(ModelError, match=expected):
        scorer(base_url="http://127.0.0.1:1/v1", max_retries=1).score(
            np.zeros((1, 8, 8, 3), np.uint8), ["Is it day?"]
        )


def test_the_key_is_sent_and_never_shown(
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    frames: Frames,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    lvlm_server.key = KEY
    monkeypatch.setenv("MY_KEY", KEY)
    asked = scorer(api_key_env="MY_KEY")
    lvlm_server.faults.append(FAULTS["busy"])
    assert asked.score(frames[:1], ["Is it day?"]).shape == (1, 1)
    assert "200 OK" in caplog.text
    assert KEY not in caplog.text


def test_a_wrong_key_is_told_without_the_key(
    scorer: Scorer,
    lvlm_server: OpenAiServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    lvlm_server.key = "another"
    monkeypatch.setenv("MY_KEY", KEY)
    # This server quotes the key that it got.
    expected = r"must accept the key, got 401 .*provided: Bearer \*\*\*\); check .* MY_KEY$"
    with pytest.raises(ModelError, match=expected) as caught:
        _ = scorer(api_key_env="MY_KEY").mode
    assert lvlm_server.paths.total() == 1
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert KEY not in caplog.text


def test_a_key_that_is_wanted_or_missing_is_told(
    scorer: Scorer, lvlm_server: OpenAiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The key of another service must not be sent here.
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    lvlm_server.key = KEY
    with pytest.raises(ModelError, match="name the variable that holds the key as api_key_env"):
        _ = scorer().mode
    with pytest.raises(ModelError, match=r"must be in the variable MY_KEY, which is not set"):
        _ = scorer(api_key_env="MY_KEY").mode
    monkeypatch.setenv("MY_KEY", "one\ntwo")
    with pytest.raises(ModelError, match=r"MY_KEY, which is not set or holds what no key can"):
        _ = scorer(api_key_env="MY_KEY").mode


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hush@localhost:8000/v1",
        "http://localhost:8000/v1?key=hush",
        "http://localhost:hush/v1",
        "http:///v1",
    ],
)
def test_a_url_that_could_show_a_password_is_refused_unseen(url: str, scorer: Scorer) -> None:
    with pytest.raises(
        InputError, match="base_url must be http or https, a host and"
    ) as caught:
        _ = scorer(base_url=url).mode
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
