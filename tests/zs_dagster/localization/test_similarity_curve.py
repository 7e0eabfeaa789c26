"""The curve that T3AL and FreeZAD cut: by hand."""

import numpy as np
import pytest

from zs_dagster.localization.similarity_curve import (
    CurveShape,
    foreground,
    moving_average,
    pseudo_label,
    samples_in,
    shaped,
    similarity,
)

PLAIN = CurveShape(remove_background=False, smoothing_s=0, is_normalised=False)


def test_the_label_is_that_of_the_mean_frame_norms_included() -> None:
    # The mean of (4, 0) and (0, 1) is nearer to the first axis.
    features, texts = np.array([[4.0, 0], [0, 1]]), np.array([[0.0, 9], [1, 0]])
    assert pseudo_label(features, texts) == 1


def test_the_background_is_the_mean_frame() -> None:
    features = np.array([[1.0, 2], [3, 2]], dtype=np.float16)
    removed = CurveShape(remove_background=True, smoothing_s=0, is_normalised=False)
    assert foreground(features, removed).tolist() == [[-1, 0], [1, 0]]
    assert foreground(features, PLAIN).tolist() == features.tolist()


def test_similarity_is_a_hundred_times_the_cosine() -> None:
    frames = np.array([[2.0, 0], [0, 3], [-1, 0], [0, 0]])
    np.testing.assert_allclose(similarity(frames, np.array([5.0, 0])), [100, 0, -100, 0])


@pytest.mark.parametrize(
    ("width", "smooth"),
    [
        (0, [3, 0, 6]),
        (1, [3, 0, 6]),
        (2, [3, 1.5, 3]),  # each with the one before
        (3, [2, 3, 4]),
        (7, [3 / 7 * 4 + 6 / 7 * 2, 3 / 7 * 3 + 6 / 7 * 3, 3 / 7 * 2 + 6 / 7 * 4]),
    ],
)
def test_moving_average_by_hand(width: int, smooth: list[float]) -> None:
    np.testing.assert_allclose(moving_average(np.array([3.0, 0, 6]), width), smooth)


def test_seconds_become_samples() -> None:
    assert samples_in(2 / 3, np.arange(90) / 30) == 20
    assert samples_in(2 / 3, np.arange(5.0)) == 1
    assert samples_in(0.4, np.arange(5.0)) == 0
    assert samples_in(2 / 3, np.array([0.0])) == 0


def test_a_constant_curve_cannot_be_stretched() -> None:
    stretched = CurveShape(remove_background=False, smoothing_s=0, is_normalised=True)
    assert shaped(np.ones(3), np.arange(3.0), stretched) is None
    assert shaped(np.ones(3), np.arange(3.0), PLAIN) is not None
