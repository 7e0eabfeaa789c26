"""What a person may ask for, and what is refused before anything is computed."""

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.video.policies import MAX_FRAMES, times_of


def test_by_hand() -> None:
    np.testing.assert_array_equal(times_of("fps:2", 1.0, 25), [0, 0.5])
    np.testing.assert_array_equal(times_of("uniform:4", 8.0, 25), [1, 3, 5, 7])


@pytest.mark.parametrize("n", ["5", "6", "99999999999", "9" * 400])
def test_no_more_parts_than_there_are_frames(n: str) -> None:
    np.testing.assert_array_equal(times_of(f"uniform:{n}", 5.0, 5), [0.5, 1.5, 2.5, 3.5, 4.5])


def test_as_many_as_are_allowed_and_one_more() -> None:
    most = MAX_FRAMES + 1
    assert times_of(f"uniform:{MAX_FRAMES}", 1.0, most).size == MAX_FRAMES
    assert times_of(f"fps:{MAX_FRAMES}", 1.0, 5).size == MAX_FRAMES
    for policy in (f"uniform:{most}", f"fps:{most}"):
        with pytest.raises(
            InputError, match="may give 20000 frames at most, got 20001; sample"
        ):
            times_of(policy, 1.0, most)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ("fps:1e300", r"--sample may give 20000 frames at most, got 5e\+300; sample less"),
        ("fps:1e308", "--sample may give 20000 frames at most, got inf; sample less"),
        ("fps:inf", "fps must be finite and > 0, got inf"),
        ("fps:nan", "fps must be finite and > 0, got nan"),
        ("fps:-1e300", "fps must be finite and > 0, got -1e"),
        ("uniform:-99999999999", "n must be >= 1 sample, got -99999999999"),
        (f"uniform:{'9' * 5000}", "--sample must be fps:RATE or uniform:N, got 'uniform:999"),
        ("all", "--sample must be fps:RATE or uniform:N, got 'all'"),
    ],
)
def test_what_is_refused(policy: str, rule: str) -> None:
    duration_s = 5.0 if "308" not in policy else 50.0
    with pytest.raises(InputError, match=rule):
        times_of(policy, duration_s, 125)
