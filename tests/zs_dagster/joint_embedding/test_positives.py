"""Pieces of the text of objects, and which of them fit a caption."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.positives import expand, split_pieces


def test_pieces_of_more_than_five_words_cut_at_twenty() -> None:
    five, six = "one two three four five", "one two three four five six"
    long = " ".join(f"w{n}" for n in range(25))
    text = f"{five}. {six} . {long}.{six}. "
    assert split_pieces(text) == [six, " ".join(f"w{n}" for n in range(20))]


def test_pieces_that_are_alike_after_the_cut_are_one() -> None:
    start = " ".join(["word"] * 20)
    assert split_pieces(f"{start} a. {start} b.") == [start]


@pytest.mark.parametrize("text", ["", "...", "too short. also too short"])
def test_no_pieces(text: str) -> None:
    assert split_pieces(text) == []


def test_the_nearest_come_first() -> None:
    features = np.array([[0, 1.0], [5, 5], [0.1, 0], [-1, 0]])
    pieces = ["far", "between", "near", "opposite"]
    caption = np.array([2.0, 0])
    assert expand(caption, pieces, features) == ["near", "between"]
    assert expand(caption, pieces, features, k=0) == []
    assert expand(caption, pieces, features, k=9) == ["near", "between", "far", "opposite"]


def test_ties_keep_their_order() -> None:
    assert expand(np.ones(2), ["b", "a", "c"], np.ones((3, 2)), k=2) == ["b", "a"]


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(0, 8), st.integers(0, 8))
def test_what_is_kept_is_nearer_than_what_is_not(seed: int, count: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    caption, features = rng.normal(size=4), rng.normal(size=(count, 4))
    pieces = [f"piece {n}" for n in range(count)]
    kept = expand(caption, pieces, features, k)
    cosine = dict(
        zip(pieces, features @ caption / np.linalg.norm(features, axis=1), strict=True)
    )
    values = [cosine[piece] for piece in kept]
    assert len(kept) == min(k, count)
    assert values == sorted(values, reverse=True)
    left = [cosine[piece] for piece in pieces if piece not in kept]
    assert not kept or not left or min(values) >= max(left)


def test_features_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="one feature for each of 2 pieces and k >= 0, got 1"):
        expand(np.ones(2), ["a", "b"], np.ones((1, 2)))
    with pytest.raises(InputError, match="got 1 and k = -1"):
        expand(np.ones(2), ["a"], np.ones((1, 2)), k=-1)
