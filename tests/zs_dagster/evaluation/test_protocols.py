"""The table of protocols."""

import math

import pytest

from zs_dagster.errors import InputError
from zs_dagster.evaluation.protocols import PROTOCOLS, LocalizationProtocol, get_protocol


def test_the_published_thresholds() -> None:
    assert get_protocol("activitynet").thresholds == pytest.approx(
        [0.5 + 0.05 * i for i in range(10)]
    )
    assert get_protocol("thumos14").thresholds == (0.3, 0.4, 0.5, 0.6, 0.7)
    assert get_protocol("zeal-paper").thresholds == (0.3, 0.4, 0.5, 0.6, 0.7)


def test_only_the_paper_has_quirks() -> None:
    quirky = [p.name for p in PROTOCOLS.values() if p.is_later_first]
    assert quirky == [p.name for p in PROTOCOLS.values() if p.is_predicted_videos_only]
    assert quirky == ["zeal-paper"]
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError,
        match=r"protocol must be one of activitynet, thumos14, zeal-paper, got 'thumos'",
    ):
        get_protocol("thumos")


@pytest.mark.parametrize("thresholds", [(), (0.0,), (0.5, 1.1), (math.nan,)])
def test_thresholds_are_fractions(thresholds: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"thresholds must be one or more numbers in \(0, 1\]"):
        LocalizationProtocol("mine", thresholds)
