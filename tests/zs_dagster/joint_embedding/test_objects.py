"""Concepts of a vocabulary and the videos they are seen in."""

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.objects import (
    Concept,
    object_text,
    pooled,
    read_concepts,
    top_concepts,
)
from zs_dagster.joint_embedding.positives import split_pieces


def test_a_vocabulary_is_read() -> None:
    lines = ["horse\ta large animal with hooves", "", "  ball \t", "golf club"]
    assert read_concepts(lines) == [
        Concept("horse", "a large animal with hooves"),
        Concept("ball"),
        Concept("golf club"),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "must have at least one concept, got none"),
        (["a\tb", "\tgloss"], "line 2 of the vocabulary must begin with a name .* got ''"),
        (["a\tb", "", "a\tc"], "line 3 of the vocabulary .* got 'a'"),
    ],
)
def test_a_broken_vocabulary_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_concepts(lines)


def test_the_nearest_concepts_come_first() -> None:
    videos = np.array([[1.0, 0], [0, 2]])
    concepts = np.array([[0, 1.0], [9, 1], [1, 1], [-1, -1]])
    assert top_concepts(videos, concepts, 3).tolist() == [[1, 2, 0], [0, 2, 1]]
    assert top_concepts(videos, concepts, 9).shape == (2, 4)
    assert top_concepts(videos, concepts).shape == (2, 4)
    assert top_concepts(videos, np.ones((3, 2)), 2).tolist() == [[0, 1], [0, 1]]


def test_no_objects_are_refused() -> None:
    with pytest.raises(InputError, match="the number of objects must be >= 1, got 0"):
        top_concepts(np.ones((1, 2)), np.ones((1, 2)), 0)


def test_pooling_weighs_frames_alike() -> None:
    np.testing.assert_allclose(pooled(np.array([[100.0, 0], [0, 1]])), [0.5, 0.5])


def test_the_text_of_objects_falls_into_their_sentences() -> None:
    horse = Concept("horse", "a large animal with hooves and a mane.")
    text = object_text([horse, Concept("ball"), Concept("bat", "a club")], np.array([0, 2, 1]))
    assert text == "horse: a large animal with hooves and a mane. bat: a club. ball."
    assert split_pieces(text) == ["horse: a large animal with hooves and a mane"]
