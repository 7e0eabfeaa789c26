"""Classes written by a language model over a real server: tries, cache, budget, stops."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.llm_server import KEY, MODEL, Reply, says, texts
from zs_dagster.errors import BudgetError, ModelError, QueryError
from zs_dagster.models.llm.server import ServerLlm
from zs_dagster.models.profiles import Llm
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.budget import Budget, estimated_tokens
from zs_dagster.queries.cache import cached_queries
from zs_dagster.queries.estimate import estimate
from zs_dagster.queries.llm_writer import LlmWriter
from zs_dagster.queries.prompt_sets import PROMPT_SETS
from zs_dagster.queries.sources import QuerySources, find_writer
from zs_dagster.store import Store

if TYPE_CHECKING:
    from tests.llm_server import LlmServer

LABELS = [f"action {letter}" for letter in "abcdefgh"]
TEXTS = {"start_question": "Is it up?", "end_question": "Is it down?", "description": "a swing"}


def llm(server: "LlmServer", budget: Budget | None = None, **changes: object) -> LlmWriter:
    said = {"model": "writer", "base_url": server.url, "api_key_env": "TEST_KEY", **changes}
    profile = Llm.model_validate(said)
    prompts = PROMPT_SETS[profile.prompts]
    return LlmWriter(ServerLlm(profile), profile.settings(), prompts, budget or Budget())


def sources(writer: LlmWriter, *banks: QueryBank, **names: str) -> QuerySources:
    return find_writer(banks, names, llm=writer)


def test_a_valid_answer_becomes_the_query(llm_server: "LlmServer") -> None:
    query = llm(llm_server).write("HighJump", "high jump")
    told = texts("HighJump")
    assert query.texts() == {
        "label": "HighJump",
        "prompt_name": "high jump",
        "source": f"llm:{MODEL} (moments-1)",
        **{name: told[name] for name in ("start_question", "end_question", "description")},
    }
    assert query.provenance == {
        "asked_model": "writer",
        "asked_temperature": 1.0,
        "asked_seed": 0,
        "asked_max_tokens": 256,
        "prompts": "moments-1",
        "model": MODEL,
        "tries": 1,
        "prompt_tokens": 100,
        "answer_tokens": 20,
    }


BAD = {
    "invalid JSON": ('{"class": "dive", ', "the answer must be a JSON object"),
    "wrong class": (texts("swim"), "class must be 'dive', got 'swim'"),
    "one question": (
        texts("dive", end_question=texts("dive")["start_question"]),
        "end_question must ask something else",
    ),
    "adverb": (texts("dive", description="a man quickly dives"), "no adverb, got 'quickly'"),
}


@pytest.mark.parametrize(("answer", "reason"), BAD.values(), ids=BAD)
def test_what_was_wrong_is_told_and_asked_again(
    llm_server: "LlmServer", answer: object, reason: str
) -> None:
    llm_server.script["dive"] = [says(answer)]
    query = llm(llm_server).write("dive", "dive")
    took = [query.provenance[name] for name in ("tries", "prompt_tokens", "answer_tokens")]
    assert took == [2, 200, 40]
    first, second = (body["messages"][1]["content"] for body in llm_server.requests)
    added = second.removeprefix(first)
    assert added.startswith("\n\nYour last answer was:\n")
    assert reason in added


@pytest.mark.parametrize(("answer", "reason"), BAD.values(), ids=BAD)
def test_after_three_tries_the_class_and_the_last_reason_are_named(
    llm_server: "LlmServer", answer: object, reason: str
) -> None:
    llm_server.script["dive"] = [says("first"), says("second"), says(answer), says("fourth")]
    with pytest.raises(QueryError, match=r"^class 'dive': 'writer' gave no valid") as caught:
        llm(llm_server).write("dive", "dive")
    told = str(caught.value).partition(" answer in 3 tries, the last time ")[2]
    assert reason in told
    assert told.endswith("or write the class into your bank")
    assert len(llm_server.requests) == 3


def test_a_class_that_fails_leaves_the_others_cached(
    llm_server: "LlmServer", tmp_path: Path
) -> None:
    store = Store(tmp_path)
    llm_server.script = {label: [says("no")] * 3 for label in LABELS[1:3]}
    rule = (
        r"class 'action b': .*; neither could 'action c' be written "
        r"\(6 of 8 classes were written and are kept\)"
    )
    with pytest.raises(QueryError, match=rule):
        cached_queries(sources(llm(llm_server)), LABELS, store)
    llm_server.requests.clear()
    queries, written = cached_queries(sources(llm(llm_server)), LABELS, store)
    assert written == 2
    assert sorted(llm_server.asked) == LABELS[1:3]
    assert [query.label for query in queries] == LABELS


def test_classes_are_asked_once_whatever_the_dataset(
    llm_server: "LlmServer", tmp_path: Path
) -> None:
    store = Store(tmp_path)
    cached_queries(sources(llm(llm_server)), LABELS[:2], store)
    queries, written = cached_queries(sources(llm(llm_server)), LABELS[1:3], store)
    assert (written, len(llm_server.requests)) == (1, 3)
    assert queries[0].provenance["model"] == MODEL


CHANGES: list[dict[str, Any]] = [
    {"model": "other"},
    {"temperature": 0.5},
    {"seed": 1},
    {"seed": None},
    {"max_tokens": 200},
    {"prompts": "paper"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_every_setting_that_decides_an_answer_is_part_of_the_key(
    llm_server: "LlmServer", change: dict[str, Any]
) -> None:
    assert llm(llm_server).key("a", "a") != llm(llm_server, **change).key("a", "a")


def test_label_name_and_version_are_part_of_the_key_and_the_server_is_not(
    llm_server: "LlmServer",
) -> None:
    writer = llm(llm_server)
    newer = replace(writer, prompts=replace(writer.prompts, version="moments-2"))
    keys = {
        writer.key("a", "a"),
        writer.key("b", "a"),
        writer.key("a", "b"),
        newer.key("a", "a"),
    }
    assert len(keys) == 4
    elsewhere = llm(llm_server, base_url="http://elsewhere/v1", api_key_env="OTHER")
    assert elsewhere.key("a", "a") == writer.key("a", "a")


def test_a_refused_key_stops_and_is_nowhere(llm_server: "LlmServer", tmp_path: Path) -> None:
    llm_server.script = {
        label: [Reply(401, {"error": {"message": KEY}})] for label in LABELS[4:]
    }
    with pytest.raises(
        ModelError, match=r"status 401.*\(\d of 8 classes were written and are "
    ):
        cached_queries(sources(llm(llm_server)), LABELS, Store(tmp_path))
    stored = [path.read_text() for path in tmp_path.rglob("*.json")]
    assert len(stored) >= 4
    assert not any(KEY in text for text in stored)


@pytest.mark.parametrize("limit", ["calls", "tokens"])
def test_a_budget_stops_and_keeps_what_was_written(
    llm_server: "LlmServer", tmp_path: Path, limit: str
) -> None:
    # A call takes 120 tokens and may take `most`: the sixth would end above 5 * 120 + most - 1.
    most = llm(llm_server).prompt_tokens(LABELS[0], LABELS[0]) + 256
    budget, store = Budget(max_calls=5), Store(tmp_path)
    if limit == "tokens":
        budget = Budget(max_tokens=5 * 120 + most - 1)
    rule = rf"go on with .*--max-{limit} N` \(5 of 8 classes were written and are kept\)"
    with pytest.raises(BudgetError, match=rule):
        cached_queries(sources(llm(llm_server, budget)), LABELS, store)
    assert (len(llm_server.requests), budget.calls, budget.tokens) == (5, 5, 600)
    assert cached_queries(sources(llm(llm_server)), LABELS, store)[1] == 3


def test_without_usage_tokens_are_estimated(llm_server: "LlmServer") -> None:
    told = texts("dive")
    llm_server.script["dive"] = [says(told, usage=False)]
    budget = Budget()
    writer = llm(llm_server, budget)
    query = writer.write("dive", "dive")
    assert query.provenance["answer_tokens"] == estimated_tokens(json.dumps(told))
    assert query.provenance["prompt_tokens"] == writer.prompt_tokens("dive", "dive")
    assert budget.tokens == sum(query.provenance[f"{x}_tokens"] for x in ("answer", "prompt"))


def test_a_call_that_fails_counts_as_a_call_without_tokens(llm_server: "LlmServer") -> None:
    llm_server.first = [Reply(404, {})]
    budget = Budget()
    with pytest.raises(ModelError):
        llm(llm_server, budget).write("dive", "dive")
    assert (budget.calls, budget.tokens) == (1, 0)


def test_the_users_bank_wins_and_only_the_rest_is_asked_and_estimated(
    llm_server: "LlmServer", tmp_path: Path
) -> None:
    path, store = tmp_path / "own.yaml", Store(tmp_path / "store")
    path.write_text(yaml.safe_dump({"Action-A": TEXTS}))
    writer = sources(llm(llm_server), QueryBank(path), **{"action b": "acting b"})
    cost = estimate(writer, LABELS[:3], store).row()
    one = llm(llm_server).prompt_tokens("action c", "action c")
    other = llm(llm_server).prompt_tokens("action b", "acting b")
    assert (cost["to_write"], cost["calls_at_most"], cost["answer_tokens"]) == (2, 6, 512)
    assert cost["prompt_tokens"] == one + other
    assert cost["tokens_at_most"] > 3 * (one + other + 512)
    assert llm_server.requests == []
    assert writer.known("action b", store) is None
    queries, _ = cached_queries(writer, LABELS[:3], store)
    assert [query.source for query in queries] == [
        "bank:own.yaml",
        *[f"llm:{MODEL} (moments-1)"] * 2,
    ]
    assert queries[1].prompt_name == "acting b"
    assert writer.known("action b", store) == queries[1]
    assert estimate(writer, LABELS[:3], store).row()["tokens_at_most"] == 0
