"""Values that would show a wrong number are refused where they enter."""

import math

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.report.classification.data import (
    Accuracy,
    ClassificationReport,
    Difference,
    MethodResult,
)


def report_of(
    confusion: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> ClassificationReport:
    half = Accuracy(0.5)
    method = MethodResult("clip", "", "", half, None, half, [], confusion)
    return ClassificationReport("d", "t", ["a", "b"], [method], [], [], [], {}, [])


def test_a_percentage_is_no_fraction() -> None:
    with pytest.raises(InputError, match=r"must be a fraction in \[0, 1\], got 61.5"):
        Accuracy(61.5)


@pytest.mark.parametrize("low", [-0.01, 1.01])
def test_an_interval_stays_in_the_unit_range(low: float) -> None:
    with pytest.raises(InputError, match="must be a fraction"):
        Accuracy(0.5, low, 0.6)


def test_an_interval_has_two_ends_or_none() -> None:
    with pytest.raises(InputError, match="both ends or none"):
        Accuracy(0.5, low=0.4)
    assert Accuracy(0.5).interval is None
    assert Accuracy(0.5, 0.4, 0.6).interval == (0.4, 0.6)


def test_a_number_nobody_could_compute_is_kept() -> None:
    assert math.isnan(Accuracy(math.nan).value)
    assert math.isnan(Difference("a", "b", 0.1, math.nan, math.nan, math.nan).p)


def test_differences_and_p_values_have_their_ranges() -> None:
    with pytest.raises(InputError, match=r"a difference must be .* got 1.5"):
        Difference("a", "b", 1.5, 0, 0, 0.5)
    with pytest.raises(InputError, match=r"p must be in \[0, 1\], got 1.2"):
        Difference("a", "b", 0.5, 0, 0, 1.2)


def test_a_confusion_matrix_has_a_column_for_no_prediction() -> None:
    with pytest.raises(InputError, match=r"of 'clip' must have shape \(2, 3\).*got \(2, 2\)"):
        report_of(np.zeros((2, 2), np.int64))
    with pytest.raises(InputError, match="of 'clip' must hold counts, got -1"):
        report_of(np.array([[0, -1, 0], [0, 0, 0]]))
