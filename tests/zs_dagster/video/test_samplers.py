"""Samplers by name: the contract they share, and what each is for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.video.adaptive import feature_change, k_centre_indices, motion, uniform_indices
from zs_dagster.video.index_sampling import jitter_indices, linspace_indices, rate_indices
from zs_dagster.video.samplers import SAMPLERS, Evidence, sample, sampler
from zs_dagster.video.scene_cuts import scene_cuts

SIZES = st.integers(1, 60)
SEEDS = st.integers(0, 2**32 - 1)
ADAPTIVE = [name for name, known in SAMPLERS.items() if known.needs]
NAMES = [*SAMPLERS, *(f"mixed:{name}" for name in ADAPTIVE)]
FEW = settings(max_examples=25)


def lively(seed: int, n_frames: int) -> Evidence:
    draw = np.random.default_rng(seed)
    return Evidence(
        n_frames,
        fps=25.0,
        video_id="a",
        features=draw.normal(size=(n_frames, 5)),
        motion=draw.random(n_frames),
        cuts=sorted(set(draw.integers(1, n_frames, 4).tolist())) if n_frames > 1 else [],
        confidence=draw.random(n_frames),
    )


def still(n_frames: int) -> Evidence:
    flat = np.zeros(n_frames)
    return Evidence(
        n_frames, features=np.ones((n_frames, 3)), motion=flat, cuts=[], confidence=flat + 0.3
    )


def shots(n_first: int, n_second: int) -> np.ndarray:
    """Red, then dark green pictures."""
    colours = np.array([[200, 30, 30]] * n_first + [[10, 120, 60]] * n_second, dtype=np.uint8)
    return colours[:, None, None, :].repeat(4, axis=1).repeat(4, axis=2)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS, n_frames=SIZES, n=SIZES)
def test_indices_are_sorted_distinct_inside_and_of_the_right_number(
    name: str, seed: int, n_frames: int, n: int
) -> None:
    picked = sample(name, lively(seed, n_frames), n)
    assert picked.dtype == np.int64
    assert picked.size == min(n, n_frames)
    assert (np.diff(picked) > 0).all()
    assert 0 <= picked[0] <= picked[-1] < n_frames
    np.testing.assert_array_equal(picked, sample(name, lively(seed, n_frames), n))


@pytest.mark.parametrize("name", [*NAMES, "fps:1e11"])
@pytest.mark.parametrize("n", [99_999_999_999, 10**30])
def test_more_samples_than_could_ever_be_held_are_all_frames(name: str, n: int) -> None:
    np.testing.assert_array_equal(sample(name, lively(0, 7), n), np.arange(7))


@pytest.mark.parametrize("name", [*ADAPTIVE, *(f"mixed:{name}" for name in ADAPTIVE)])
@FEW
@given(n_frames=SIZES, n=SIZES)
def test_where_nothing_changes_sampling_is_uniform(name: str, n_frames: int, n: int) -> None:
    picked = sample(name, still(n_frames), n)
    np.testing.assert_array_equal(picked, uniform_indices(n_frames, n))


def test_by_hand() -> None:
    np.testing.assert_array_equal(linspace_indices(10, 3), [0, 5, 9])
    np.testing.assert_array_equal(linspace_indices(10, 1), [0])
    np.testing.assert_array_equal(linspace_indices(2, 5), [0, 1])
    # Every 12.5th frame; of the eight, four in the middles of quarters.
    np.testing.assert_array_equal(
        rate_indices(100, 16, fps=25, rate=2), [0, 12, 25, 37, 50, 62, 75, 87]
    )
    np.testing.assert_array_equal(rate_indices(100, 4, fps=25, rate=2), [12, 37, 62, 87])
    np.testing.assert_array_equal(sample("fps:2", Evidence(100, fps=25), 4), [12, 37, 62, 87])
    # The 26th step of 3.24 frames ends at the 81st of 81 frames, after the last.
    assert rate_indices(81, 99, fps=23.976, rate=7.4)[-1] == 77


@given(SIZES, SIZES, st.floats(1, 120), st.floats(0.1, 200))
def test_a_rate_gives_distinct_frames_and_no_more_than_asked(
    n_frames: int, n: int, fps: float, rate: float
) -> None:
    picked = rate_indices(n_frames, n, fps=fps, rate=rate)
    assert 1 <= picked.size <= min(n, n_frames)
    assert (np.diff(picked) > 0).all()
    assert 0 <= picked[0] <= picked[-1] < n_frames
    if n >= n_frames:
        assert (np.diff(picked) <= np.ceil(max(fps / rate, 1))).all()


@given(SEEDS, st.integers(1, 200), st.integers(1, 20))
def test_chance_takes_one_frame_of_each_part(seed: int, n_frames: int, n: int) -> None:
    picked = jitter_indices(n_frames, n, seed=seed, video_id="a")
    count = min(n, n_frames)
    edges = np.arange(count + 1) * n_frames // count
    assert ((picked >= edges[:-1]) & (picked < edges[1:])).all()


def test_seed_and_video_alone_decide_and_all_frames_have_a_chance() -> None:
    first = jitter_indices(300, 16, seed=1, video_id="a")
    np.testing.assert_array_equal(first, jitter_indices(300, 16, seed=1, video_id="a"))
    assert not np.array_equal(first, jitter_indices(300, 16, seed=2, video_id="a"))
    assert not np.array_equal(first, jitter_indices(300, 16, seed=1, video_id="b"))
    drawn = {i for s in range(200) for i in jitter_indices(30, 5, seed=s, video_id="").tolist()}
    assert drawn == set(range(30))


@given(st.integers(2, 60), SIZES)
def test_constant_speed_is_sampled_uniformly_but_for_one_frame(n_frames: int, n: int) -> None:
    angle = 0.02 * np.arange(n_frames)
    features = np.column_stack([np.cos(angle), np.sin(angle)])
    picked = sample("arc_length", Evidence(n_frames, features=features), n)
    assert np.abs(picked - uniform_indices(n_frames, n)).max() <= 1


@given(SEEDS, st.integers(2, 40))
def test_more_centres_cover_better_and_keep_the_earlier_ones(seed: int, n_frames: int) -> None:
    features = np.random.default_rng(seed).normal(size=(n_frames, 5))
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    # A single one, the most central, is not kept where it is the only one.
    picks = [set(k_centre_indices(features, n).tolist()) for n in range(2, n_frames + 1)]
    radii = [(1 - unit @ unit[sorted(p)].T).min(axis=1).max() for p in picks]
    assert all(few <= many for few, many in pairwise(picks))
    assert (np.diff(radii) <= 1e-12).all()


@pytest.mark.parametrize(("n_first", "n_second"), [(20, 20), (15, 45), (40, 25)])
def test_two_shots_are_told_apart_and_both_are_seen(n_first: int, n_second: int) -> None:
    pictures = shots(n_first, n_second)
    assert scene_cuts(pictures) == [n_first]
    total = n_first + n_second
    evidence = Evidence(
        total,
        features=pictures.mean(axis=(1, 2)),
        motion=motion(pictures),
        cuts=scene_cuts(pictures),
    )
    for name in ("scene", "k_centre"):
        first, second = sample(name, evidence, 2)
        assert first < n_first <= second
    if n_first == n_second:
        np.testing.assert_array_equal(sample("uniform_center", evidence, 2), [10, 30])


def test_samplers_look_where_something_happens() -> None:
    burst = np.zeros(60)
    burst[40:50] = 1.0
    evidence = Evidence(60, motion=burst, confidence=burst)
    assert set(sample("motion", evidence, 4).tolist()) <= set(range(40, 50))
    for name in ("motion_peaks", "query_aware"):
        assert sample(name, evidence, 1).item() == 40
    mixed = sample("mixed:motion", evidence, 8)
    assert set(uniform_indices(60, 4).tolist()) <= set(mixed.tolist())
    assert ((mixed >= 40) & (mixed < 50)).sum() >= 4


def test_hue_alone_stays_below_the_default_threshold() -> None:
    # Red to green of one brightness is 60 of 180 steps of hue: a mean change of 20 out of 27.
    colours = np.array([[200, 30, 30]] * 20 + [[30, 200, 30]] * 20, dtype=np.uint8)
    pictures = colours[:, None, None, :]
    assert scene_cuts(pictures) == []
    assert scene_cuts(pictures, threshold=19) == [20]


@pytest.mark.parametrize("turn", [1, 3])
def test_the_change_of_features_finds_the_cut(turn: int) -> None:
    features = np.vstack([np.tile([1.0, 0], (10, 1)), np.tile([0, turn], (10, 1))])
    assert feature_change(features).argmax() == 10


def test_each_says_what_it_needs() -> None:
    sources = {name: sampler(name).source for name in NAMES}
    assert sources["uniform_linspace"] == sampler("fps:1").source == "nothing"
    assert sources["k_centre"] == sources["mixed:arc_length"] == "features"
    assert sources["scene"] == sources["motion"] == "thumbnails"
    assert sources["query_aware"] == "class texts"


@pytest.mark.parametrize("name", [*ADAPTIVE, "mixed:scene"])
def test_missing_evidence_is_named(name: str) -> None:
    needs = sampler(name).needs
    with pytest.raises(InputError, match=f"sampler '{name}' needs {needs}, from .*; got none"):
        sample(name, Evidence(10), 2)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("random", "sampler must be one of uniform_center, .*; got 'random'"),
        ("mixed:jitter", "mixed:NAME with NAME one of scene, .*; got 'mixed:jitter'"),
        ("mixed:", "got 'mixed:'"),
        ("fps:fast", "sampler fps:RATE must have a finite number > 0, got 'fps:fast'"),
        ("fps:-1", "sampler fps:RATE must have a finite number > 0, got 'fps:-1'"),
        ("fps", "sampler fps:RATE must have a finite number > 0, got 'fps'"),
        ("fps:0", "sampler fps:RATE must have a finite number > 0, got 'fps:0'"),
        ("fps:nan", "sampler fps:RATE must have a finite number > 0, got 'fps:nan'"),
    ],
)
def test_unknown_samplers_are_refused(name: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        sample(name, lively(0, 10), 2)


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        ({"n_frames": 0}, "there must be >= 1 frame, got 0"),
        ({"n_frames": 3, "features": np.ones((2, 2))}, "features must .* of 3 frames, got 2"),
        ({"n_frames": 3, "motion": np.ones(4)}, "motion must have one row .*, got 4"),
        ({"n_frames": 9, "cuts": [4, 4]}, r"cuts must ascend and lie in 1 … 8, got \[4, 4\]"),
        ({"n_frames": 9, "cuts": [9]}, "cuts must ascend and lie in 1 … 8"),
        ({"n_frames": 9, "cuts": [0]}, "cuts must ascend and lie in 1 … 8"),
    ],
)
def test_evidence_of_another_video_is_refused(evidence: dict[str, object], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        Evidence(**evidence)  # type: ignore[arg-type]


def test_there_is_at_least_one_sample() -> None:
    with pytest.raises(InputError, match="there must be >= 1 sample, got 0"):
        sample("jitter", Evidence(3), 0)
    with pytest.raises(InputError, match="there must be >= 1 frame and >= 1 sample, got 0 and"):
        linspace_indices(0, 1)
