"""Which words are adverbs, and the rules of questions and descriptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.queries.adverbs import adverbs
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.review import review
from zs_dagster.queries.rules import Problem, content_words, problems

START = "Is the lid of the box closed?"
END = "Is the lid of the box open?"
SEEN = "a person lifts the lid of a box"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is the man slowly and carefully standing?", ["slowly", "carefully"]),
        ("Has it JUST landed, very briefly?", ["just", "very", "briefly"]),
        ("a family with a butterfly on the belly of an ugly fly", []),
        ("only friendly, curly-haired, elderly people rely on jelly", []),
        ("Is there a golf ball there, still on the grass?", []),
        ("Is the family-friendly lily in July a supply of holly?", []),
        ("a readily-made bed", ["readily"]),
        ("", []),
    ],
)
def test_adverbs_are_told_from_words_that_end_like_them(text: str, expected: list[str]) -> None:
    assert adverbs(text) == expected


def rules(start: str = START, end: str = END, description: str = SEEN) -> list[str]:
    return [f"{problem.field}: {problem.rule}" for problem in problems(start, end, description)]


def test_good_texts_have_no_problem() -> None:
    assert rules() == []


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("Is the lid closed", "question mark"),
        ("Where is the lid?", "yes or no"),
        ("Was the lid closed?", "yes or no"),
        ("Isn't the lid closed?", "yes or no"),
        ("?", "yes or no"),
        ("Is it?", "length"),
        (f"Is {'so ' * 40}?", "length"),
        ("Is the lid quickly closed?", "adverb"),
        ("Is the lid about to open?", "timing"),
        ("Has the person finished the meal?", "timing"),
        ("Is the lid beginning to open?", "timing"),
    ],
)
def test_each_rule_of_a_question_is_told(start: str, rule: str) -> None:
    assert f"start_question: {rule}" in rules(start=start)
    assert f"end_question: {rule}" in rules(end=start)


@pytest.mark.parametrize("verb", ["Is", "are", "Does", "Do", "Has", "Have", "Can"])
def test_every_verb_that_asks_for_yes_or_no_may_begin(verb: str) -> None:
    assert rules(start=f"{verb} the lid closed?") == []


@pytest.mark.parametrize(
    ("description", "rule"),
    [("box", "length"), ("a box " * 20, "length"), ("a person gently lifts a lid", "adverb")],
)
def test_each_rule_of_a_description_is_told(description: str, rule: str) -> None:
    assert f"description: {rule}" in rules(description=description)


@pytest.mark.parametrize(
    ("end", "is_same"),
    [
        (START, True),
        ("is a lid of a box closed ?", True),
        ("Are the lids of the boxes closed?", True),
        ("Has the lid of the box closed?", True),
        (END, False),
        ("Is the box of the lid closed?", False),
    ],
)
def test_the_same_question_is_seen_through_small_words(end: str, is_same: bool) -> None:
    assert ("end_question: same question" in rules(end=end)) == is_same


def test_a_problem_says_field_rule_and_text() -> None:
    (problem,) = problems(START, END, "a person gently lifts a lid")
    assert problem.sentence == (
        "description must have no adverb, got 'gently' in 'a person gently lifts a lid'"
    )


@given(st.text(), st.text(), st.text())
def test_any_text_is_judged(start: str, end: str, description: str) -> None:
    found = problems(start, end, description)
    same = content_words(start) == content_words(end)
    assert same == any(problem.rule == "same question" for problem in found)


def query(label: str, start: str = START, end: str = END) -> ClassQuery:
    return ClassQuery(label, label, start, end, SEEN, "bank")


def test_a_question_that_classes_share_is_a_problem_of_each() -> None:
    found = review(
        [query("a"), query("b", "Are lids of a box closed?"), query("c", "Is it up?")]
    )
    shared = Problem("start_question", "shared", f"is also that of 'b': '{START}'")
    assert shared in found["a"]
    assert [p.field for p in found["b"] if p.rule == "shared"] == [
        "start_question",
        "end_question",
    ]
    assert [p.reason for p in found["c"]] == [f"is also that of 'a': '{END}' and 1 more"]


def test_opposite_actions_may_swap_their_questions() -> None:
    assert review([query("opens"), query("closes", END, START)]) == {"opens": [], "closes": []}


def test_problems_of_the_texts_themselves_are_kept_by_class() -> None:
    found = review([query("a", "Is the lid about to open?")])
    assert [problem.rule for problem in found["a"]] == ["timing"]
