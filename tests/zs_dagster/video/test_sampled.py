"""Sampled frames: at the rate asked for, and each frame once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.video.sampled import sampled_frames

Numbers = Callable[[Any], list[int]]


def test_sixty_frames_at_25_per_second_give_five_samples_at_two(
    plain: Path, numbers: Numbers
) -> None:
    # Shown at 0, 0.5, 1, 1.5 and 2 s: frames 0, 12 (0.48 s), 25, 37 (1.48 s) and 50.
    (frames,) = sampled_frames(plain, 2.0)
    assert numbers(frames.rgb) == [0, 12, 25, 37, 50]
    np.testing.assert_allclose(frames.time_s, [0, 0.48, 1.0, 1.48, 2.0])


def test_a_frame_shown_for_long_is_one_sample(
    video: Callable[..., Path], tmp_path: Path, numbers: Numbers
) -> None:
    path = video(tmp_path / "pause.mp4", pts=[0, 25, 100, 125], options={"bf": "0"})
    chunks = list(sampled_frames(path, 2.0))
    times = np.concatenate([chunk.time_s for chunk in chunks])
    assert [n for chunk in chunks for n in numbers(chunk.rgb)] == [0, 1, 2, 3]
    np.testing.assert_allclose(times, [0, 1, 4, 5])


def test_the_rate_must_be_positive(plain: Path) -> None:
    with pytest.raises(InputError, match="fps must be finite and > 0, got 0"):
        list(sampled_frames(plain, 0.0))
