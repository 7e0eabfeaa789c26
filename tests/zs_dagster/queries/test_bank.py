"""Questions from a bank, written once per class."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from zs_dagster.errors import QueryError
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.cache import cached_queries
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.store import Store

TEXTS: dict[str, Any] = {
    "start_question": "Is the athlete running?",
    "end_question": "Is the athlete landing?",
    "description": "an athlete runs and jumps",
}


def bank(folder: Path, entries: object = None) -> QueryBank:
    path = folder / "bank.yaml"
    both = {"Long Jump": {"prompt_name": "a long jump", **TEXTS}, "Würfe": TEXTS}
    path.write_text(yaml.safe_dump(both if entries is None else entries), encoding="utf-8")
    return QueryBank(path)


def test_a_class_gets_the_texts_of_the_file(tmp_path: Path) -> None:
    query = bank(tmp_path).write("Long Jump")
    expected = ClassQuery(
        label="Long Jump", prompt_name="a long jump", source="bank:bank.yaml", **TEXTS
    )
    assert query == expected


def test_prompts_name_the_class_ask_and_want_yes_or_no(tmp_path: Path) -> None:
    start, end = bank(tmp_path).write("Long Jump").prompts()
    frame = "This is a frame from a video of a long jump."
    assert start == f"{frame} Is the athlete running? Only answer yes or no."
    assert end == f"{frame} Is the athlete landing? Only answer yes or no."


def test_without_a_prompt_name_the_label_is_used(tmp_path: Path) -> None:
    assert bank(tmp_path).write("Würfe").prompt_name == "Würfe"


def test_a_missing_class_names_itself_the_bank_and_what_to_add(tmp_path: Path) -> None:
    rule = (
        r"class 'Dive' has no entry in the query bank '.*bank\.yaml'; "
        "add one with description, end_question, prompt_name, start_question"
    )
    with pytest.raises(QueryError, match=rule):
        bank(tmp_path).write("Dive")


@pytest.mark.parametrize(
    "entry",
    [
        {k: v for k, v in TEXTS.items() if k != "description"},
        {**TEXTS, "desription": "typo"},
        ["a", "b"],
        "text",
    ],
)
def test_a_wrong_entry_is_shown(tmp_path: Path, entry: object) -> None:
    with pytest.raises(QueryError, match=r"class 'A' in '.*bank\.yaml' must have .*, got "):
        bank(tmp_path, {"A": entry}).write("A")


@pytest.mark.parametrize("text", [None, ["Is he running?"], True, 3], ids=repr)
@pytest.mark.parametrize("name", ["prompt_name", *TEXTS])
def test_what_is_no_text_is_named_with_class_and_field(
    tmp_path: Path, name: str, text: object
) -> None:
    rule = rf"class 'A' in '.*bank\.yaml': {name} must be a text, got {re.escape(repr(text))}; "
    with pytest.raises(QueryError, match=rule):
        bank(tmp_path, {"A": {**TEXTS, name: text}}).write("A")


@pytest.mark.parametrize("name", ["start_question", "end_question", "description"])
def test_empty_texts_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(QueryError, match=f"class 'A': {name} must not be empty; write one"):
        bank(tmp_path, {"A": {**TEXTS, name: "  "}}).write("A")


def test_equal_questions_are_refused(tmp_path: Path) -> None:
    entry = {**TEXTS, "end_question": TEXTS["start_question"]}
    rule = (
        r"class 'A': start and end question must differ, got 'Is the athlete running\?' twice"
    )
    with pytest.raises(QueryError, match=rule):
        bank(tmp_path, {"A": entry}).write("A")


@pytest.mark.parametrize("content", [None, b"\xff", b"a: ["])
def test_a_bank_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "bank.yaml").write_bytes(content)
    with pytest.raises(QueryError, match=r"query bank '.*bank\.yaml' cannot be read: "):
        QueryBank(tmp_path / "bank.yaml").write("A")


def test_a_bank_that_is_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="must map class labels to questions"):
        bank(tmp_path, ["A"]).write("A")


def test_the_second_call_writes_nothing(tmp_path: Path) -> None:
    store, labels = Store(tmp_path / "store"), ["Würfe", "Long Jump"]
    first, written = cached_queries(bank(tmp_path), labels, store)
    again, rewritten = cached_queries(bank(tmp_path), labels, store)
    assert (written, rewritten) == (2, 0)
    assert first == again
    assert [query.label for query in again] == labels


def test_an_edited_class_is_written_anew_alone(tmp_path: Path) -> None:
    store, labels = Store(tmp_path / "store"), ["Long Jump", "Würfe"]
    cached_queries(bank(tmp_path), labels, store)
    edited: dict[str, Any] = {
        "Long Jump": {"prompt_name": "a long jump", **TEXTS},
        "Würfe": {**TEXTS, "description": "an athlete throws"},
    }
    queries, written = cached_queries(bank(tmp_path, edited), labels, store)
    assert written == 1
    assert queries[1].description == "an athlete throws"


def test_a_broken_cache_entry_is_written_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    cached_queries(bank(tmp_path), ["Würfe"], store)
    (entry,) = (tmp_path / "store").rglob("*.json")
    entry.write_text('{"label"')
    assert cached_queries(bank(tmp_path), ["Würfe"], store)[1] == 1
