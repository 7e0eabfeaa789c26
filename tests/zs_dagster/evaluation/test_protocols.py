"""Every protocol against its plain second form, and what each one is known for."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zs_dagster.evaluation.reference import MODES, Row
from zs_dagster.errors import InputError
from zs_dagster.evaluation.average_precision import LocalizationMetrics, evaluate
from zs_dagster.evaluation.protocols import PROTOCOLS, LocalizationProtocol, get_protocol
from zs_dagster.segments import LabelledSegments

BLOCKED = "video_test_0000270"
VIDEOS = ["u", "v", "w", BLOCKED]


def score(
    name: str,
    truth: Sequence[Row],
    found: Sequence[Row],
    classes: Sequence[str] | None = None,
    listed: Sequence[str] = (),
) -> LocalizationMetrics:
    sides = LabelledSegments.from_rows(truth), LabelledSegments.from_rows(found)
    return evaluate(*sides, get_protocol(name), classes, listed=listed)


# Half seconds and quarters of scores make ties; two thousandths make repeats.
spans = st.tuples(
    st.integers(0, 12), st.integers(0, 6), st.sampled_from([0, 0, 0, 0.0004, 0.0011])
).map(lambda drawn: (drawn[0] / 2, (drawn[0] + drawn[1]) / 2 + drawn[2]))


def rows_of(videos: list[str], labels: str, max_size: int) -> st.SearchStrategy[list[Row]]:
    row = st.tuples(
        st.sampled_from(videos), st.sampled_from(labels), spans, st.integers(1, 4)
    ).map(lambda row: (row[0], row[1], *row[2], row[3] / 4))
    return st.lists(row, max_size=max_size)


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(deadline=None, max_examples=200)
@given(
    rows_of(VIDEOS, "xyz", 20),
    rows_of([*VIDEOS, "elsewhere"], "xyzo", 40),
    st.sampled_from([None, None, ("x", "y"), ("z", "x", "none")]),
    st.lists(st.sampled_from(VIDEOS), max_size=2),
)
def test_it_equals_its_plain_second_form(
    name: str,
    truth: list[Row],
    found: list[Row],
    classes: tuple[str, ...] | None,
    listed: list[str],
) -> None:
    expected = MODES[name](truth, found, classes, listed)
    if not any(row[1] in expected for row in _counted(name, truth)):
        return
    metrics = score(name, truth, found, classes, listed)
    means = [sum(values) / len(values) for values in expected.values()]
    assert metrics.average_map == pytest.approx(sum(means) / len(means), abs=1e-9)
    for label, column in zip(metrics.classes, metrics.ap.T, strict=True):
        values = expected.get(label, [math.nan] * len(column))
        np.testing.assert_allclose(column, values, atol=1e-9)


def _counted(name: str, truth: list[Row]) -> list[Row]:
    """Ground truth that no rule forgets: without any, there is nothing to evaluate."""
    if name not in {"opentad", "actionformer"}:
        return truth
    shortest = 1e-3 if name == "actionformer" else 1e-9
    blocked = {BLOCKED} if name == "opentad" else set()
    return [row for row in truth if row[3] - row[2] >= shortest and row[0] not in blocked]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", PROTOCOLS)
def test_it_equals_its_plain_second_form_on_files_of_some_size(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def rows(size: int, labels: str, grid: int) -> list[Row]:
        start = rng.integers(0, 40, size) / 2
        return [
            (str(v), str(c), float(a), float(a + d), int(s) / grid)
            for v, c, a, d, s in zip(
                rng.choice(VIDEOS, size),
                rng.choice(list(labels), size),
                start,
                rng.integers(0, 8, size) / 2,
                rng.integers(1, grid + 1, size),
                strict=True,
            )
        ]

    truth, found = rows(120, "pqrs", 1), rows(400, "pqrst", 50)
    expected = MODES[name](truth, found, None, [])
    metrics = score(name, truth, found)
    assert metrics.classes == tuple(sorted(expected))
    for label, column in zip(metrics.classes, metrics.ap.T, strict=True):
        np.testing.assert_allclose(column, expected[label], atol=1e-9)


def test_the_published_thresholds() -> None:
    assert get_protocol("activitynet").thresholds == pytest.approx(
        [0.5 + 0.05 * i for i in range(10)]
    )
    assert get_protocol("activitynet-3").thresholds == (0.5, 0.75, 0.95)
    for name in ("thumos14", "zeal-paper", "t3al", "opentad", "actionformer"):
        assert get_protocol(name).thresholds == (0.3, 0.4, 0.5, 0.6, 0.7)


def test_the_modes_are_all_there_and_name_their_source() -> None:
    assert list(PROTOCOLS) == [
        "activitynet",
        "activitynet-3",
        "thumos14",
        "zeal-paper",
        "t3al",
        "opentad",
        "actionformer",
    ]
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())
    assert all(protocol.source for protocol in PROTOCOLS.values())


X = ("v", "x", 0.0, 10.0, 1.0)


def test_repeats_within_a_millisecond_count_once_where_the_protocol_says_so() -> None:
    # Two copies and one that differs by 2 ms: 3 segments, 2 without repeats of the first.
    truth = [X, ("v", "x", 0.0005, 10.0, 1.0), ("v", "x", 0.0, 10.002, 1.0)]
    for name in ("opentad", "actionformer"):
        assert score(name, truth, [X]).n_ground_truth == 2
    for name in ("thumos14", "zeal-paper", "t3al"):
        assert score(name, truth, [X]).n_ground_truth == 3


def test_a_repeat_of_a_repeat_may_stay() -> None:
    # The third is within 1 ms of the second, which does not count, and 1.6 ms off the first.
    truth = [("v", "x", s, 10.0, 1.0) for s in (0.0, 0.0008, 0.0016)]
    assert score("opentad", truth, [X]).n_ground_truth == 2


def test_what_lasts_no_time_or_less_than_a_millisecond() -> None:
    truth = [X, ("v", "x", 3.0, 3.0, 1.0), ("v", "x", 4.0, 4.0005, 1.0)]
    counts = {name: score(name, truth, [X]).n_ground_truth for name in PROTOCOLS}
    assert {name for name, n in counts.items() if n == 3} == {
        "activitynet",
        "activitynet-3",
        "thumos14",
        "zeal-paper",
        "t3al",
    }
    assert (counts["opentad"], counts["actionformer"]) == (2, 1)


def test_opentad_counts_blocked_videos_on_neither_side() -> None:
    truth = [X, (BLOCKED, "x", 0.0, 10.0, 1.0)]
    found = [X, ("video_test_0001292", "x", 0.0, 5.0, 2.0), (BLOCKED, "x", 50.0, 60.0, 2.0)]
    metrics = score("opentad", truth, found)
    assert (metrics.average_map, metrics.n_ground_truth, metrics.n_predictions) == (1.0, 1, 1)
    # Both rank first elsewhere and are false: 1/3 of the precision, for half of the segments.
    assert score("actionformer", truth, found).average_map == pytest.approx(1 / 6)


def test_t3al_rounds_each_class_to_a_tenth_of_a_percent_before_the_mean() -> None:
    # One of three: 33.33 % of each of two classes, and 0 of a third.
    truth = [("v", c, start, start + 5.0, 1.0) for c in "xyz" for start in (0.0, 10.0, 20.0)]
    found = [("v", "x", 0.0, 5.0, 1.0), ("v", "y", 0.0, 5.0, 1.0)]
    assert score("t3al", truth, found).average_map == pytest.approx(2 * 0.333 / 3, abs=1e-12)
    assert score("thumos14", truth, found).average_map == pytest.approx(2 / 9)


def test_t3al_counts_the_classes_and_videos_it_was_run_on() -> None:
    truth = [X, ("u", "y", 0.0, 10.0, 1.0), ("w", "x", 0.0, 10.0, 1.0)]
    # The truth of u and w is forgotten, yet y stays in the mean with 0.
    assert score("t3al", truth, [X]).ap.mean(axis=0).tolist() == [1.0, 0.0]
    assert score("zeal-paper", truth, [X]).classes == ("x",)
    # Run on w without finding anything: its truth counts.
    assert score("t3al", truth, [X], listed=["w"]).ap.mean(axis=0).tolist() == [0.5, 0.0]
    assert score("zeal-paper", truth, [X], listed=["w"]).ap.tolist() == [[1.0]] * 5


def test_an_unknown_predicted_label_changes_nothing_in_any_mode() -> None:
    for name in PROTOCOLS:
        plain, more = (score(name, [X], found) for found in ([X], [X, ("v", "?", 0, 9, 2.0)]))
        assert plain.average_map == more.average_map == 1
        assert (more.n_predictions, more.n_unknown_label) == (2, 1)


def test_every_mode_is_readable_as_json() -> None:
    for name in PROTOCOLS:
        form = json.loads(json.dumps(score(name, [X], [X]).to_json(), allow_nan=False))
        assert (form["protocol"], form["average_mAP"]) == (name, 1.0)


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError,
        match=r"protocol must be one of activitynet, .*, t3al, opentad, actionformer, "
        "got 'thumos'",
    ):
        get_protocol("thumos")


@pytest.mark.parametrize("thresholds", [(), (0.0,), (0.5, 1.1), (math.nan,)])
def test_thresholds_are_fractions(thresholds: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"thresholds must be one or more numbers in \(0, 1\]"):
        LocalizationProtocol("mine", thresholds)
