"""Answers of language models: found in any text, and refused with a reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.llm_server import texts
from zs_dagster.digests import digest
from zs_dagster.queries.answer import SCHEMA, AnswerError, parse_answer
from zs_dagster.queries.prompt_sets import (
    CORRECTION,
    KEYS,
    LONGEST_CORRECTION,
    MIDDLE_KEY,
    MOMENTS,
    PAPER,
    PROMPT_SETS,
    SYSTEM,
    PromptSet,
    correction,
)

GOOD = texts("high jump")


def refusal(answer: object, prompts: PromptSet = MOMENTS, label: str = "HighJump") -> str:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    with pytest.raises(AnswerError) as caught:
        parse_answer(text, label, "high jump", prompts)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"Here it is:\n```json\n{json.dumps(GOOD, indent=2)}\n```\nDone.",
        f"<think>or {json.dumps({**GOOD, 'class': 'x'})} {{no}}</think>{json.dumps(GOOD)}",
        json.dumps({key: f"  {value} " for key, value in GOOD.items()}),
    ],
)
def test_the_last_object_of_a_text_is_the_answer(text: str) -> None:
    answer = parse_answer(text, "HighJump", "high jump", MOMENTS)
    assert answer.model_dump(by_alias=True) == GOOD


@pytest.mark.parametrize("said", ["HighJump", "high jump", "High_Jump"])
def test_every_spelling_of_the_class_will_do(said: str) -> None:
    parse_answer(json.dumps({**GOOD, "class": said}), "HighJump", "high jump", MOMENTS)


def test_a_class_without_letters_is_itself_only() -> None:
    parse_answer(json.dumps({**GOOD, "class": "!!!"}), "!!!", "!!!", MOMENTS)
    assert refusal({**GOOD, "class": "???"}, label="!!!") == "class must be '!!!', got '???'"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("no object here", "the answer must be a JSON object, got 'no object here'"),
        ("", "the answer must be a JSON object, got ''"),
        ('{"class": "high jump", "start', "the answer must be a JSON object, got '{"),
        ("{" * 5000, "the answer must be a JSON object, got '{{{"),
        ({**GOOD, "class": "long jump"}, "class must be 'HighJump', got 'long jump'"),
        ({"class": "high jump"}, "start_question: Field required, got '{"),
        ({**GOOD, "mood": "happy"}, "mood: Extra inputs are not permitted, got '{"),
        ({**GOOD, "description": 3}, "description: Input should be a valid string, got '{"),
        ({**GOOD, "description": " "}, "description must have 3 to 35 words, got 0: ''"),
        (
            {**GOOD, "end_question": GOOD["start_question"]},
            "end_question must ask something else than start_question, got 'Is the body",
        ),
        (
            {**GOOD, "start_question": "Is the body about to rise?"},
            "start_question must be answered by one frame, got 'about to' in 'Is the body",
        ),
        (
            {**GOOD, "start_question": "Is it?", "description": "a bed slowly falls"},
            "start_question must have 3 to 35 words, got 2: 'Is it?'; description must have no "
            "adverb, got 'slowly'",
        ),
    ],
)
def test_what_is_wrong_is_said(answer: object, reason: str) -> None:
    assert refusal(answer).startswith(reason)


def test_the_papers_instructions_do_not_forbid_to_ask_what_comes() -> None:
    text = json.dumps({**GOOD, "start_question": "Is the athlete about to jump?"})
    assert parse_answer(text, "HighJump", "high jump", PAPER).description == GOOD["description"]
    assert "adverb" in refusal({**GOOD, "description": "a man jumps gracefully"}, PAPER)


@given(st.text())
def test_any_text_is_an_answer_or_a_reason(text: str) -> None:
    with pytest.raises(AnswerError):
        parse_answer(text, "a", "a", MOMENTS)


def test_the_schema_is_what_strict_servers_take() -> None:
    names = ["class", "start_question", "end_question", "description"]
    assert (SCHEMA["required"], list(SCHEMA["properties"])) == (names, names)
    assert SCHEMA["additionalProperties"] is False
    keywords = {keyword for said in SCHEMA["properties"].values() for keyword in said}
    assert keywords == {"type", "title"}


@pytest.mark.parametrize("prompts", PROMPT_SETS.values(), ids=PROMPT_SETS)
def test_a_request_quotes_the_label_and_names_the_class(prompts: PromptSet) -> None:
    asked = prompts.ask('say "cheese" {name}', "smile")
    assert 'The action is "smile".' in asked
    assert r'"class": exactly "say \"cheese\" {name}"' in asked


def test_a_correction_has_a_longest_length() -> None:
    told = correction("a" * 9999, "r" * 9999)
    assert 5000 > LONGEST_CORRECTION >= len(told) > 2800
    assert "It cannot be used: short\n" in correction("{}", "short")


def test_new_words_need_a_new_version() -> None:
    """Answers are cached by the version: a change seen here must come with another one."""
    said = {
        p.version: digest(SYSTEM, KEYS, CORRECTION, p.instruction) for p in (PAPER, MOMENTS)
    }
    stages = PROMPT_SETS["stages"]
    keys = KEYS + MIDDLE_KEY
    said[stages.version] = digest(SYSTEM, keys, CORRECTION, stages.instruction)
    known = json.loads(Path(__file__).with_name("prompt_versions.json").read_text())
    assert said.items() <= known.items()
