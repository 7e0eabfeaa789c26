"""What ZEAL chooses from is what it then answers with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.localization.parameters import PRESETS
from zs_dagster.localization.zeal import considered, localize


@pytest.mark.parametrize("preset", PRESETS)
@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 40), share=st.sampled_from([0.02, 0.35, 1])
)
def test_answers_are_pairs_of_candidates(preset: str, seed: int, n: int, share: float) -> None:
    generator = np.random.default_rng(seed)
    # A quarter of the values repeats, so that ties occur.
    confidence = np.round(generator.random((n, 2)), 2)
    parameters = replace(
        PRESETS[preset], top_fraction=share, merge_tiou=1.0, min_score=0.0, min_gap_samples=2
    )
    time_s = np.arange(n) * 0.5
    found = localize(confidence, generator.random(n), time_s, n * 0.5, parameters)
    made = considered(confidence, time_s, n * 0.5, parameters)
    assert {tuple(row) for row in found.samples} == {tuple(row) for row in made.pairs}
    assert set(made.pairs[:, 0]) <= set(made.starts)
    assert set(made.pairs[:, 1]) <= set(made.ends)
    assert found.segments.start_s.tolist() == made.start_of[found.samples[:, 0]].tolist()
    assert found.segments.end_s.tolist() == made.end_of[found.samples[:, 1]].tolist()


def test_the_presets_end_a_segment_at_other_times() -> None:
    confidence = np.array([[0.9, 0.1], [0.1, 0.1], [0.1, 0.9]])
    ends = [
        considered(confidence, [0, 1, 2], 3.0, PRESETS[name]).end_of.tolist()
        for name in ("default", "zeal-paper")
    ]
    assert ends == [[1, 2, 3], [0, 1, 2]]


def test_a_skipped_class_has_no_candidates() -> None:
    constant = considered(np.full((4, 2), 0.5), np.arange(4), 4.0, PRESETS["default"])
    assert (constant.starts.size, constant.ends.size, constant.pairs.shape) == (0, 0, (0, 2))
    assert constant.start_of.size == 4
