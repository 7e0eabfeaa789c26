"""Sentences of a class: cleaned, ranked, and what stands in where there are too few."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.prototypes import (
    ClassSentences,
    choose_sentences,
    clean_sentences,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A man can't swim.", ["a man cannot swim."]),
        ("They won't fall, don't worry!", ["they will not fall, do not worry!"]),
        ("It\u2019s what we\u2019ve seen", ["it is what we have seen"]),
        ("The rider's horse (brown) runs", ["the rider s horse brown runs"]),
        ("A caf\u00e9 \u2014 na\u00efve, 3 people?", ["a cafe naive, people?"]),
        ("LET'S GO now", ["let us go now"]),
        ("An outlet's socket isn't it", ["an outlet s socket is not it"]),
        ("I'm sure he'll go, they're late", ["i am sure he will go, they are late"]),
    ],
)
def test_cleaned(text: str, expected: list[str]) -> None:
    assert clean_sentences([text]) == expected


def test_split_at_ends_of_sentences_and_lines() -> None:
    text = "First one here. Second one here! Third one\nhere it is? Is e.g.this whole"
    assert clean_sentences([text]) == [
        "first one here.",
        "second one here!",
        "here it is?",
        "is e.g.this whole",
    ]


def test_short_ones_go_long_ones_are_cut_and_doubles_are_one() -> None:
    texts = ["Two words. Just three words.", "just THREE words. one two three four five"]
    assert clean_sentences(texts, max_words=4) == ["just three words.", "one two three four"]
    assert clean_sentences(["one two"], min_words=2) == ["one two"]
    # A mark that stands alone is no word.
    assert clean_sentences(["one two ! ?"]) == []
    assert clean_sentences([]) == []


@given(st.lists(st.text(max_size=80), max_size=4))
def test_only_plain_letters_and_marks_are_left(texts: list[str]) -> None:
    sentences = clean_sentences(texts)
    assert all(re.fullmatch(r"[a-z.,?! ]+", sentence) for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(("least", "most"), [(0, 5), (6, 5)])
def test_limits_that_are_none_are_refused(least: int, most: int) -> None:
    with pytest.raises(InputError, match=f"at most max_words, got {least} and {most}"):
        clean_sentences(["a b c"], min_words=least, max_words=most)


def test_the_sentences_nearest_to_the_name_are_kept() -> None:
    features, name = np.array([[0, 1.0], [3, 0.1], [1, 1]]), np.array([1.0, 0])
    found = choose_sentences(["a", "b", "c"], features, "n", name, keep=2)
    assert found == ClassSentences(("b", "c"), is_short=False, is_name=False)
    short = choose_sentences(["a", "b", "c"], features, "n", name, keep=4)
    assert short == ClassSentences(("b", "c", "a"), is_short=True, is_name=False)


def test_a_class_without_sentences_has_its_name() -> None:
    found = choose_sentences([], np.zeros((0, 2)), "golf swing", np.ones(2))
    assert found == ClassSentences(("golf swing",), is_short=True, is_name=True)


@pytest.mark.parametrize(("count", "keep"), [(1, 1), (2, 0)])
def test_what_does_not_fit_is_refused(count: int, keep: int) -> None:
    with pytest.raises(InputError, match=f"class 'n' needs .* got {count} and {keep}"):
        choose_sentences(["a", "b"], np.ones((count, 2)), "n", np.ones(2), keep=keep)
