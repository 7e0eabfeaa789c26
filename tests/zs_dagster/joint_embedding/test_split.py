"""Parts that share no video."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.split import split_by_video

VIDEOS = [f"v{n % 20}" for n in range(57)]


@settings(max_examples=30)
@given(st.integers(0, 1000), st.sampled_from([0.1, 0.3, 0.5]), st.sampled_from([0.0, 0.2]))
def test_every_video_is_in_one_part(seed: int, validation: float, test: float) -> None:
    parts = split_by_video(VIDEOS, validation, test, seed)
    groups = [{VIDEOS[n] for n in part} for part in (parts.train, parts.validation, parts.test)]
    assert [len(group) for group in groups[1:]] == [round(20 * validation), round(20 * test)]
    assert sum(len(group) for group in groups) == len(set.union(*groups)) == 20
    together = np.concatenate([parts.train, parts.validation, parts.test])
    np.testing.assert_array_equal(np.sort(together), np.arange(57))


def test_the_order_of_segments_does_not_matter_and_the_seed_does() -> None:
    def videos(order: list[str], seed: int) -> set[str]:
        return {order[n] for n in split_by_video(order, 0.3, 0.1, seed).validation}

    assert videos(VIDEOS, 0) == videos(VIDEOS[::-1], 0) == videos(sorted(set(VIDEOS)), 0)
    assert videos(VIDEOS, 0) != videos(VIDEOS, 1)


def test_small_parts_have_two_videos() -> None:
    parts = split_by_video([f"v{n}" for n in range(6)], 0.1, 0.1, 0)
    sizes = len(parts.train), len(parts.validation), len(parts.test)
    assert sizes == (2, 2, 2)


def test_too_few_videos_are_refused() -> None:
    with pytest.raises(InputError, match=r"at least 6 videos with captions, .* got 5"):
        split_by_video([f"v{n}" for n in range(5)], 0.2, 0.1, 0)
    with pytest.raises(InputError, match="at least 4 videos"):
        split_by_video(["a", "a", "b", "c"], 0.2, 0.0, 0)
