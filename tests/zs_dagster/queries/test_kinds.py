"""Kinds of action: patterns with slots, and what is wrong with a wrong one."""

from pathlib import Path

import pytest
import yaml

from zs_dagster.errors import QueryError
from zs_dagster.queries.bank import QueryBank

PLAY = {
    "start_question": "Is a person raising {object}?",
    "end_question": "Is a person lowering {object}?",
    "description": "a person plays {object} {place}",
}
GUITAR = {"kind": "play", "object": "a guitar", "place": "on a stage"}
WRITTEN = {
    "start_question": "Is it up?",
    "end_question": "Is it down?",
    "description": "a swing",
}


def bank(folder: Path, entry: object = GUITAR, kind: object = PLAY, **top: object) -> QueryBank:
    content = {"kinds": {"play": kind}, "classes": {"playing guitar": entry}, **top}
    path = folder / "bank.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return QueryBank(path)


def refusal(folder: Path, *args: object, **top: object) -> str:
    with pytest.raises(QueryError) as caught:
        bank(folder, *args, **top).write("playing guitar")
    return str(caught.value).replace(str(folder / "bank.yaml"), "FILE")


def test_the_slots_of_a_kind_are_filled(tmp_path: Path) -> None:
    query = bank(tmp_path).write("playing guitar")
    assert query.start_question == "Is a person raising a guitar?"
    assert query.end_question == "Is a person lowering a guitar?"
    assert query.description == "a person plays a guitar on a stage"
    assert query.prompt_name == "playing guitar"
    assert query.source == "bank:bank.yaml (play)"


def test_the_prompt_name_is_the_entrys_else_the_kinds(tmp_path: Path) -> None:
    kind = {**PLAY, "prompt_name": "playing {object}"}
    assert (
        bank(tmp_path, GUITAR, kind).write("playing guitar").prompt_name == "playing a guitar"
    )
    entry = {**GUITAR, "prompt_name": "strumming"}
    assert bank(tmp_path, entry, kind).write("playing guitar").prompt_name == "strumming"


def test_classes_may_be_written_out_beside_kinds(tmp_path: Path) -> None:
    query = bank(tmp_path, WRITTEN).write("playing guitar")
    assert (query.start_question, query.source) == ("Is it up?", "bank:bank.yaml")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {**GUITAR, "kind": "pay"},
            "class 'playing guitar' in 'FILE': kind 'pay' is unknown; use one of: play",
        ),
        (
            {"kind": "play", "object": "a guitar"},
            "class 'playing guitar' in 'FILE': kind 'play' has the slot 'place'; "
            "give it a text",
        ),
        (
            {**GUITAR, "colour": "red"},
            "class 'playing guitar' in 'FILE': kind 'play' has no slot 'colour'; "
            "its slots are: object, place",
        ),
        (
            {**GUITAR, "object": 3},
            "class 'playing guitar' in 'FILE': object must be a text, got 3; put it in quotes",
        ),
        (
            {**GUITAR, "object": "a {guitar}"},
            "class 'playing guitar' in 'FILE': description has a brace left, "
            "got 'a person plays a {guitar} on a stage'; only kinds have slots",
        ),
        (
            {**GUITAR, "prompt_name": 3},
            "class 'playing guitar' in 'FILE': prompt_name must be a text, got 3; "
            "put it in quotes",
        ),
        (
            {**WRITTEN, "end_question": "It is down."},
            "class 'playing guitar' in 'FILE': end_question must end with '?', "
            "got 'It is down.'",
        ),
        (
            {**WRITTEN, "end_question": "Is it up?"},
            "query bank 'FILE': class 'playing guitar': start and end question must differ, "
            "got 'Is it up?' twice",
        ),
    ],
    ids=lambda value: None if isinstance(value, dict) else value[-30:],
)
def test_a_wrong_entry_names_file_class_key_and_remedy(
    tmp_path: Path, entry: object, message: str
) -> None:
    assert refusal(tmp_path, entry) == message


@pytest.mark.parametrize("broken", ["raise {object", "{}?", "{0}?", "{object!r}?", "{a.b}?"])
def test_a_broken_pattern_names_its_kind(tmp_path: Path, broken: str) -> None:
    said = refusal(tmp_path, GUITAR, {**PLAY, "start_question": broken})
    rule = f"start_question must write each slot as {{word}}, got '{broken}'"
    assert said == f"kind 'play' in 'FILE': {rule}"


def test_an_incomplete_kind_is_shown(tmp_path: Path) -> None:
    assert refusal(tmp_path, GUITAR, {"description": "x"}).startswith(
        "kind 'play' in 'FILE' must have description, end_question, "
    )


def test_a_class_beside_the_sections_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, golf=WRITTEN) == (
        "query bank 'FILE' has 'kinds' or 'classes' at its top, so 'golf' must stand below "
        "'classes'"
    )


@pytest.mark.parametrize("section", ["kinds", "classes"])
def test_a_section_that_is_a_list_is_refused(tmp_path: Path, section: str) -> None:
    assert refusal(tmp_path, **{section: ["a"]}) == (
        f"query bank 'FILE': {section} must be a mapping"
    )


def test_a_label_that_yaml_reads_as_a_number_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, classes={3: WRITTEN}) == (
        "query bank 'FILE': classes has the name 3, which YAML does not read as a text; "
        "put it in quotes"
    )
