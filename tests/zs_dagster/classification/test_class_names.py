"""Names of classes, synonyms, and the scores of both."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.classification.class_names import class_name, class_names, class_scores
from zs_dagster.errors import InputError


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ApplyEyeMakeup", "apply eye makeup"),
        ("brush_hair", "brush hair"),
        ("YoYo", "yo yo"),
        ("BMXRide", "bmx ride"),
        ("  Golf  swing ", "golf swing"),
        ("TaiChi_2Times", "tai chi 2 times"),
    ],
)
def test_labels_become_words(label: str, name: str) -> None:
    assert class_name(label) == name
    assert class_name(label, "raw") == label


@given(st.text(alphabet="aB1_ ü", min_size=1).filter(lambda text: text.strip("_ ")))
def test_words_stay_words(label: str) -> None:
    words = class_name(label)
    assert class_name(words) == words


@pytest.mark.parametrize("label", ["", "_ _", "  "])
def test_a_class_needs_a_name(label: str) -> None:
    with pytest.raises(InputError, match="a class must have a name, got "):
        class_name(label)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InputError, match="style of class names must be one of words, raw"):
        class_name("a", "title")


def test_synonyms_score_for_their_class() -> None:
    names = class_names(["Golf", "Run", "Swim"], synonyms={"Run": ["jog", "SprintFast"]})
    assert names.names == ("golf", "run", "jog", "sprint fast", "swim")
    scores = np.array([[5.0, 1, 2, 6, 0], [0, 0, -3, 0, 9]])
    np.testing.assert_array_equal(class_scores(scores, names), [[5, 6, 0], [0, 0, 9]])
    np.testing.assert_array_equal(class_scores(scores, names, "mean"), [[5, 3, 0], [0, -1, 9]])


@given(st.integers(0, 2**32 - 1), st.sampled_from(["max", "mean"]))
def test_without_synonyms_nothing_changes(seed: int, how: str) -> None:
    scores = np.random.default_rng(seed).normal(size=(2, 3))
    names = class_names(["a", "b", "c"])
    np.testing.assert_array_equal(class_scores(scores, names, how), scores)


@pytest.mark.parametrize(
    ("labels", "synonyms", "rule"),
    [
        ([], {}, "there must be at least one class, got none"),
        (["a"], {"b": ["c"]}, "synonyms must be for classes of the list, got 'b'"),
        (["Push_Ups", "PushUps"], {}, "'push ups' for 'Push_Ups' and for 'PushUps'"),
        (["a", "b"], {"b": ["A"]}, "names of classes must differ, got 'a' for 'a' and for 'b'"),
    ],
)
def test_names_that_say_nothing_are_refused(
    labels: list[str], synonyms: dict[str, list[str]], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        class_names(labels, synonyms=synonyms)


def test_an_unknown_combination_is_refused() -> None:
    with pytest.raises(InputError, match="combination of synonyms must be one of max, mean"):
        class_scores(np.zeros((1, 1)), class_names(["a"]), "sum")
