"""Which frames are asked about, and what the others get."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.frame_confidence.economy import (
    Economy,
    first_look,
    interpolated,
    second_look,
    stand_ins,
)

NAN = np.nan


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"stride": 0}, "stride must be >= 1, got 0; 1 asks about all frames"),
        ({"refine_share": 0}, r"refine_share must be in \(0, 1\], got 0"),
        ({"refine_share": 1.5}, r"refine_share must be in \(0, 1\], got 1.5"),
        ({"repeat_similarity": 0}, r"repeat_similarity must be in \(0, 1\], got 0; leave it"),
    ],
)
def test_values_outside_their_range_are_refused(values: dict[str, float], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        Economy(**values)  # type: ignore[arg-type]


def test_only_the_default_asks_about_all() -> None:
    assert Economy().is_exact
    assert Economy(refine_share=0.5).is_exact
    assert not Economy(stride=2).is_exact
    assert not Economy(repeat_similarity=1.0).is_exact


def test_a_frame_like_the_last_one_asked_is_not_asked() -> None:
    angles = np.array([0.0, 0.1, 0.2, 0.3, 1.5, 1.5])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 7
    # cos(0.2) = 0.980 and cos(0.3) = 0.955: slow change adds up against frame 0.
    assert stand_ins(features, 0.97).tolist() == [0, 0, 0, 3, 4, 4]
    assert stand_ins(features, None).tolist() == [0, 1, 2, 3, 4, 5]
    assert stand_ins(features[:1], 0.9).tolist() == [0]


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.floats(0.05, 1))
def test_who_stands_in_is_asked_itself_and_comes_before(
    n: int, seed: int, similarity: float
) -> None:
    features = np.random.default_rng(seed).normal(size=(n, 3))
    found = stand_ins(features, similarity)
    assert (found <= np.arange(n)).all()
    assert (found[found] == found).all()
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize(
    ("n", "stride", "expected"),
    [(1, 3, [0]), (6, 1, [0, 1, 2, 3, 4, 5]), (7, 3, [0, 3, 6]), (6, 3, [0, 3, 5])],
)
def test_the_first_look_is_at_every_so_many_frames_and_the_last(
    n: int, stride: int, expected: list[int]
) -> None:
    assert np.flatnonzero(first_look(n, stride)).tolist() == expected


def test_the_second_look_is_around_the_highest_answers() -> None:
    curve = np.array([0.1, NAN, NAN, 0.9, NAN, NAN, 0.2, NAN, 0.3], dtype=np.float32)
    assert np.flatnonzero(second_look(curve, 0.25)).tolist() == [1, 2, 4, 5]
    assert np.flatnonzero(second_look(curve, 0.5)).tolist() == [1, 2, 4, 5, 7]
    assert np.flatnonzero(second_look(curve, 1.0)).tolist() == [1, 2, 4, 5, 7]
    alike = np.where(np.isnan(curve), NAN, np.float32(0.5)).astype(np.float32)
    # Equal answers do not all count as highest.
    assert np.flatnonzero(second_look(alike, 0.25)).tolist() == [1, 2]


@given(st.integers(1, 60), st.integers(1, 7), st.floats(0.01, 1), st.integers(0, 2**32 - 1))
def test_the_second_look_asks_nothing_again_and_more_share_asks_more(
    n: int, stride: int, share: float, seed: int
) -> None:
    looked = first_look(n, stride)
    values = np.random.default_rng(seed).uniform(size=n).astype(np.float32)
    curve = np.where(looked, values, np.float32(NAN))
    chosen = second_look(curve, share)
    assert not (chosen & looked).any()
    assert (second_look(curve, 1.0) == ~looked).all()
    assert (chosen <= second_look(curve, min(1.0, 2 * share))).all()


def test_between_answers_lies_a_straight_line() -> None:
    curve = np.array([0.0, NAN, NAN, 0.6, 0.2, NAN], dtype=np.float32)
    np.testing.assert_allclose(interpolated(curve), [0, 0.2, 0.4, 0.6, 0.2, 0.2], atol=1e-6)
