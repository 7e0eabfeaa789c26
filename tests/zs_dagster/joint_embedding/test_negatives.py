"""The negative sampler: in the band, of another video and text, uniform, ending."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.joint_embedding.negatives import NOBODY, NegativeSampler

BAND = (0.05, 0.8)
SLACK = 1e-9  # as distances are rounded


def sampler(
    seed: int = 0,
    records: int = 60,
    band: tuple[float, float] = BAND,
    max_tries: int = 200,
    **changes: np.ndarray,
) -> tuple[NegativeSampler, np.ndarray, np.ndarray, np.ndarray]:
    """Random texts in few groups; returns the sampler, texts, groups and true distances."""
    rng = np.random.default_rng(seed)
    features = changes.get("features", rng.normal(size=(40, 4)))
    text = changes.get("text", rng.integers(0, len(features), records))
    group = changes.get("group", rng.integers(0, 12, records))
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    distance = 1 - unit[text] @ unit[text].T
    made = NegativeSampler(features, text, group, band=band, max_tries=max_tries, seed=seed)
    return made, text, group, distance


def circle(degrees: list[float]) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.floats(0, 0.9),
    st.floats(0.02, 1.1),
    st.sampled_from([0, 3, 200]),
)
def test_every_negative_is_a_candidate(
    seed: int, d_min: float, width: float, max_tries: int
) -> None:
    band = (d_min, d_min + width)
    made, text, group, distance = sampler(seed, band=band, max_tries=max_tries)
    mined = made.draw(5)
    rows = np.arange(len(text))
    assert mined.usable.all()
    assert (group[mined.records] != group[:, None]).all()
    assert (text[mined.records] != text[:, None]).all()
    d = distance[rows[:, None], mined.records]
    np.testing.assert_allclose(mined.distance, d, atol=SLACK)
    inside = (d > band[0] - SLACK) & (d < band[1] + SLACK)
    assert (inside.all(axis=1) | mined.band_empty).all()
    # A flagged record really has no candidate, within what rounding can tell.
    allowed = (group != group[:, None]) & (text != text[:, None])
    surely_in = allowed & (distance > band[0] + SLACK) & (distance < band[1] - SLACK)
    assert not (surely_in.any(axis=1) & mined.band_empty).any()


def test_the_same_seed_and_epoch_draw_the_same() -> None:
    first, again = (sampler(3)[0].draw(10, 2) for _ in range(2))
    np.testing.assert_array_equal(first.records, again.records)
    made = sampler(3)[0]
    assert (made.draw(10, 1).records != first.records).any()
    features = np.random.default_rng(0).normal(size=(40, 4))
    text, group = np.arange(40), np.arange(40)
    a, b = (
        NegativeSampler(features, text, group, band=BAND, seed=seed).draw(10) for seed in (0, 1)
    )
    assert (a.records != b.records).any()


def test_a_record_draws_the_same_whatever_is_drawn_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = sampler(5, records=90, max_tries=30)[0].draw(10, 4)
    monkeypatch.setattr("zs_dagster.joint_embedding.negatives.BLOCK", 7)
    monkeypatch.setattr("zs_dagster.joint_embedding.negatives.PROBES", 4)
    np.testing.assert_array_equal(
        whole.records, sampler(5, records=90, max_tries=30)[0].draw(10, 4).records
    )


@pytest.mark.parametrize("max_tries", [0, 4, 200])
def test_draws_are_uniform_over_the_candidates(max_tries: int) -> None:
    # Record 0 has the candidates at 40 and 60 degrees, d = 0.23 and 0.5, at several places;
    # probes alone, the search alone and both together must be fair.
    degrees = [0, 1, 40, 60, 100, 40.5, 180, 59, 300.5]
    features, numbers = circle(degrees), np.arange(9)
    made = NegativeSampler(features, numbers, numbers, band=BAND, max_tries=max_tries, seed=1)
    (candidates,) = np.nonzero(made.candidates(np.array([0]))[0])
    assert candidates.tolist() == [2, 3, 5, 7, 8]
    drawn = np.concatenate([made.draw(10, epoch).records[0] for epoch in range(400)])
    counts = np.bincount(drawn, minlength=9)[candidates]
    assert counts.sum() == 4000
    expected = 4000 / 5
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < 18.47  # the 0.999 quantile with 4 degrees of freedom


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 0.5), st.floats(0.05, 1), st.floats(0, 0.5))
def test_a_wider_band_never_has_fewer_candidates(
    seed: int, d_min: float, width: float, more: float
) -> None:
    rows = np.arange(60)
    narrow = sampler(seed, band=(d_min, d_min + width))[0].candidates(rows)
    wide = sampler(seed, band=(d_min * (1 - more), d_min + width + more))[0].candidates(rows)
    assert (wide | ~narrow).all()


def test_an_empty_band_ends_with_the_nearest_beyond_and_a_flag() -> None:
    # From 0 degrees: 10 is too near (d = 0.015), 120 and 180 are beyond 0.8 (1.5 and 2).
    numbers = np.arange(4)
    made = NegativeSampler(circle([0, 10, 180, 120]), numbers, numbers, band=(0.05, 0.8))
    mined = made.draw(3)
    assert mined.band_empty[0]
    assert mined.records[0].tolist() == [3, 3, 3]
    np.testing.assert_allclose(mined.distance[0], 1.5, atol=SLACK)
    assert not mined.band_empty[2]  # 120 degrees is 60 from 180


def test_where_nothing_is_beyond_the_farthest_before_the_band_is_taken() -> None:
    numbers = np.arange(3)
    mined = NegativeSampler(circle([0, 2, 5]), numbers, numbers, band=(0.05, 0.8)).draw(2)
    assert mined.band_empty.all()
    assert mined.records[0].tolist() == [2, 2]


def test_a_record_without_any_other_text_has_no_negative() -> None:
    # Records 0, 1, 2 say the same; 3 shares its video with 2 and says something else.
    mined = NegativeSampler(
        circle([0, 40]), np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2]), band=BAND
    ).draw(2)
    assert mined.usable.tolist() == [True, True, False, True]
    assert (mined.records[2] == NOBODY).all()
    assert np.isnan(mined.distance[2]).all()
    assert mined.records[0].tolist() == [3, 3]
    assert set(mined.records[3]) <= {0, 1}


def test_the_published_band_starts_at_zero() -> None:
    numbers = np.arange(3)
    near = circle([0, 10, 170])
    ours = NegativeSampler(near, numbers, numbers, band=(0.05, 0.8)).draw(4)
    published = NegativeSampler(near, numbers, numbers, band=(0.0, 0.8)).draw(4)
    assert ours.band_empty[0]
    assert not published.band_empty[0]
    assert published.records[0].tolist() == [1, 1, 1, 1]


def test_the_histogram_of_distances_is_inside_the_band() -> None:
    rng = np.random.default_rng(0)
    features, numbers = rng.normal(size=(500, 8)), np.arange(500)
    mined = NegativeSampler(features, numbers, numbers // 2, band=BAND).draw(10)
    assert not mined.band_empty.any()
    counts, _ = np.histogram(mined.distance, bins=[0, *BAND, 2])
    assert counts.tolist() == [0, 5000, 0]


@pytest.mark.parametrize(
    ("band", "inside"),
    [
        ((0.2, 0.4), []),
        ((0.1, 0.4), [2]),
        ((0.2, 1.0), [1]),
        ((0.4, 2.0), [3]),
        ((0, 2), [1, 2, 3]),
    ],
)
def test_both_ends_of_the_band_are_outside(
    band: tuple[float, float], inside: list[int]
) -> None:
    # At 0.4, 0.2, 1 and 2 from the first, exactly.
    features = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6], [0, 1], [-1, 0]])
    numbers = np.arange(5)
    for max_tries in (0, 200):
        made = NegativeSampler(features, numbers, numbers, band=band, max_tries=max_tries)
        (found,) = np.nonzero(made.candidates(numbers[:1])[0])
        assert found.tolist() == inside
        mined = made.draw(20)
        assert mined.band_empty[0] == (not inside)
        assert not inside or set(mined.records[0]) == set(inside)


def test_rounding_does_not_make_a_negative_of_the_same_direction() -> None:
    # Texts that differ where the encoder does not look, with the published band from 0.
    features = np.random.default_rng(0).normal(size=(50, 512)).astype(np.float32)
    features = np.concatenate([features, features * np.float32(3.7)])
    numbers = np.arange(100)
    made = NegativeSampler(features, numbers, numbers, band=(0.0, 0.8))
    candidates = made.candidates(numbers)
    assert not candidates[numbers, (numbers + 50) % 100].any()
