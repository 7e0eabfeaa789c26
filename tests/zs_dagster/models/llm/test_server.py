"""A language model behind a real HTTP server: answers, formats, retries and refusals."""

import socket
import traceback
from typing import TYPE_CHECKING

import pytest

from tests.llm_server import KEY, MODEL, Reply, says
from zs_dagster.errors import ModelError
from zs_dagster.models.llm.completion import Completion
from zs_dagster.models.llm.server import ServerLlm
from zs_dagster.models.profiles import Llm

if TYPE_CHECKING:
    from tests.llm_server import LlmServer

SCHEMA = {"type": "object", "properties": {"class": {"type": "string"}}}


def client(server: "LlmServer", **changes: object) -> ServerLlm:
    said = {"model": "writer", "base_url": server.url, "api_key_env": "TEST_KEY", **changes}
    return ServerLlm(Llm.model_validate(said))


def failure(llm: ServerLlm, *, passes: bool = False) -> str:
    """Return the message, having made sure that no part of the key is shown anywhere."""
    with pytest.raises(ModelError) as caught:
        llm.complete("system", "user", SCHEMA)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert "\n" not in str(caught.value)
    assert caught.value.passes is passes
    return str(caught.value)


def error(status: int, message: str, *headers: tuple[str, str]) -> Reply:
    return Reply(status, {"error": {"message": message}}, headers)


def test_an_answer_comes_with_the_name_and_the_tokens_of_the_server(
    llm_server: "LlmServer",
) -> None:
    llm_server.first = [says("text")]
    assert client(llm_server).complete("s", "u", {}) == Completion("text", MODEL, 100, 20)


def test_what_the_profile_says_is_sent(llm_server: "LlmServer") -> None:
    client(llm_server, temperature=0.5, seed=7, max_tokens=99).complete("s", "u", SCHEMA)
    (body,) = llm_server.requests
    assert llm_server.keys == [f"Bearer {KEY}"]
    assert [message["content"] for message in body["messages"]] == ["s", "u"]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    sent = {name: body[name] for name in ("model", "temperature", "seed", "max_tokens")}
    assert sent == {"model": "writer", "temperature": 0.5, "seed": 7, "max_tokens": 99}
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA


def test_no_seed_sends_none(llm_server: "LlmServer") -> None:
    client(llm_server, seed=None).complete("s", "u", SCHEMA)
    assert "seed" not in llm_server.requests[0]


def test_missing_usage_is_none_and_a_refusal_is_empty(llm_server: "LlmServer") -> None:
    refusal = says("", usage=False)
    llm_server.first = [refusal]
    answer = client(llm_server).complete("s", "u", SCHEMA)
    assert answer == Completion("", MODEL, None, None)


@pytest.mark.parametrize("refused", [1, 2])
def test_a_server_without_schemas_is_asked_more_plainly_and_never_again(
    llm_server: "LlmServer", refused: int
) -> None:
    llm_server.first = [error(400, "response_format is not supported")] * refused
    llm = client(llm_server)
    llm.complete("s", "u", SCHEMA)
    llm.complete("s", "u", SCHEMA)
    forms = [body.get("response_format", {}).get("type") for body in llm_server.requests]
    every = ["json_schema", "json_object", None]
    assert forms == [*every[: refused + 1], every[refused]]


def test_a_request_that_no_form_helps_says_what_the_server_said_first(
    llm_server: "LlmServer",
) -> None:
    llm_server.first = [error(400, "context too short"), *[error(400, "other")] * 2]
    told = failure(client(llm_server))
    assert "failed with status 400: Error code: 400" in told
    assert "context too short" in told
    assert len(llm_server.requests) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_asked_again(llm_server: "LlmServer", status: int) -> None:
    llm_server.first = [error(status, "later", ("Retry-After-Ms", "1"))] * 2
    assert client(llm_server).complete("s", "u", SCHEMA).model == MODEL
    assert len(llm_server.requests) == 3


def test_retry_after_in_seconds_may_be_none(llm_server: "LlmServer") -> None:
    llm_server.first = [error(429, "later", ("Retry-After", "0"))]
    assert client(llm_server).complete("s", "u", SCHEMA).model == MODEL
    assert len(llm_server.requests) == 2


def test_what_does_not_pass_is_an_error_in_the_end(llm_server: "LlmServer") -> None:
    llm_server.first = [error(429, "no quota", ("Retry-After-Ms", "1"))] * 6
    assert "failed with status 429: Error code: 429" in failure(client(llm_server), passes=True)
    assert len(llm_server.requests) == 6


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_names_its_variable_and_is_tried_once(
    llm_server: "LlmServer", status: int
) -> None:
    llm_server.first = [error(status, f"Incorrect API key provided: {KEY}")]
    host = llm_server.url.removeprefix("http://").removesuffix("/v1")
    assert failure(client(llm_server)) == (
        f"the server at {host} refused the key in TEST_KEY (status {status}); check the key "
        "and what it may do, and api_key_env of the profile"
    )
    assert len(llm_server.requests) == 1


def test_a_key_that_the_server_repeats_is_not_shown(llm_server: "LlmServer") -> None:
    llm_server.first = [error(404, f"nothing for {KEY}")]
    told = failure(client(llm_server))
    assert "knows no model 'writer' (status 404: Error code: 404" in told
    assert "nothing for ***" in told
    assert "check model and base_url of the profile" in told


def test_a_key_that_is_not_set_names_its_variable(
    llm_server: "LlmServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_KEY")
    assert failure(client(llm_server)) == (
        "the key of 'writer' must be in the environment variable TEST_KEY, which is not set; "
        "set it, or name another one in api_key_env"
    )
    assert llm_server.requests == []


def test_openai_itself_wants_its_usual_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "environment variable OPENAI_API_KEY, " in failure(ServerLlm(Llm(model="gpt-4o")))


@pytest.mark.parametrize("key", [f"{KEY} x", f"{KEY}é", f"{KEY}\n{KEY}"])
def test_what_cannot_be_a_key_is_not_shown(
    llm_server: "LlmServer", monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TEST_KEY", key)
    rule = "TEST_KEY must hold a key of ASCII letters without spaces"
    assert failure(client(llm_server)) == rule


def test_the_key_of_openai_is_not_sent_to_others(
    llm_server: "LlmServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    client(llm_server, api_key_env=None).complete("s", "u", SCHEMA)
    assert llm_server.keys == ["Bearer none"]


def test_a_host_that_is_not_there_is_named(
    llm_server: "LlmServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    from zs_dagster.models.llm import server

    monkeypatch.setattr(server, "MAX_RETRIES", 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    llm = client(llm_server, base_url=f"http://user:{KEY}@127.0.0.1:{port}/v1")
    assert failure(llm, passes=True) == (
        f"the server at 127.0.0.1:{port} cannot be reached; check base_url and network"
    )


@pytest.mark.parametrize(
    ("place", "reason"), [("h:99999", "Port out of range 0-65535"), ("[h", "Invalid IPv6 URL")]
)
def test_what_is_no_url_is_refused(llm_server: "LlmServer", place: str, reason: str) -> None:
    told = failure(client(llm_server, base_url=f"http://user:{KEY}@{place}/v1"))
    assert told == f"base_url of the profile must be a URL: {reason}"


@pytest.mark.parametrize(
    "body", ["<html>a page</html>", {"hello": 1}, {"choices": []}, {"choices": [{}]}, [1]]
)
def test_what_is_no_completion_is_refused(llm_server: "LlmServer", body: object) -> None:
    llm_server.first = [Reply(200, body)]
    rule = "must answer with a chat completion, got something else; check base_url, which "
    assert rule in failure(client(llm_server))
