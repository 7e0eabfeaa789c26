"""Templates: the published lists, one's own, and descriptions."""

import hashlib
from collections.abc import Sequence

import pytest

from zs_dagster.classification.background import BACKGROUND_PROMPTS, NEGATIVE_PROMPT
from zs_dagster.classification.templates import (
    PRESETS,
    description_prompts,
    template_prompts,
    templates_of,
)
from zs_dagster.errors import InputError


# Digest of the sorted lines of the published lists (openai/CLIP, data/prompts.md).
@pytest.mark.parametrize(
    ("preset", "count", "digest"),
    [
        (
            "kinetics28",
            28,
            "7ff4cc3590e06f15582b4131483a86820b0dbc4821099d5f8165efcc67c97a26",
        ),
        ("ucf48", 48, "db238e0b2b8727fc432e572560a1cee3686a777f4360e412f4b814b45d0cc647"),
    ],
)
def test_generated_lists_are_the_published_ones(preset: str, count: int, digest: str) -> None:
    templates = templates_of(preset)
    assert (len(templates), len(set(templates))) == (count, count)
    assert hashlib.sha256("\n".join(sorted(templates)).encode()).hexdigest() == digest


def test_by_hand() -> None:
    assert "a example of a person {}." in PRESETS["kinetics28"]
    assert "a photo of the person practicing {}." in PRESETS["ucf48"]
    prompts = template_prompts(["golf", "run {x}"], ["a {}.", "the {}"])
    assert prompts.sentences == ("a golf.", "the golf", "a run {x}.", "the run {x}")
    assert prompts.group.tolist() == [0, 0, 1, 1]
    assert prompts.weight.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_obeys_the_rules_of_ones_own_lists(preset: str) -> None:
    assert templates_of(list(PRESETS[preset])) == templates_of(preset)


@pytest.mark.parametrize(
    ("choice", "rule"),
    [
        ("imagenet", "templates must be one of single, .* or a list, got 'imagenet'"),
        ([], r"templates must be one or more and differ, got \[\]"),
        (["a {}", "a {}"], "templates must be one or more and differ"),
        (["a video"], r"a template must have \{\} exactly once, got 'a video'"),
        (["{} and {}"], r"a template must have \{\} exactly once"),
    ],
)
def test_lists_that_say_nothing_are_refused(choice: str | Sequence[str], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        templates_of(choice)


def test_descriptions_belong_to_their_class_and_may_be_weighted() -> None:
    texts = {"b": ["x", "y"], "a": ["z"], "unused": []}
    prompts = description_prompts(["a", "b"], texts, {"b": [1.0, 3.0]})
    assert prompts.sentences == ("z", "x", "y")
    assert prompts.group.tolist() == [0, 1, 1]
    assert prompts.weight.tolist() == [1, 1, 3]


@pytest.mark.parametrize(
    ("texts", "weights", "rule"),
    [
        ({}, {}, r"class 'a' must have a list of one or more descriptions.*got \(\)"),
        ({"a": "golf"}, {}, "must have a list of one or more descriptions.*got 'golf'"),
        ({"a": ["x", " "]}, {}, "none of them empty"),
        ({"a": ["x", "y"]}, {"a": [1.0]}, r"weights of class 'a' must be 2 .*, got \[1.0\]"),
        ({"a": ["x"]}, {"a": [0.0]}, "weights of class 'a' must be 1 finite numbers > 0"),
        ({"a": ["x"]}, {"a": [float("nan")]}, "finite numbers > 0"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(
    texts: dict[str, list[str]], weights: dict[str, list[float]], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        description_prompts(["a"], texts, weights)


def test_there_are_fifty_background_sentences() -> None:
    assert len(set(BACKGROUND_PROMPTS)) == len(BACKGROUND_PROMPTS) == 50
    assert NEGATIVE_PROMPT not in BACKGROUND_PROMPTS
