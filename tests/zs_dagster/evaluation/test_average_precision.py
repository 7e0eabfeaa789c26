"""Mean average precision: by hand, against a slow second implementation, and odd inputs."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.evaluation.average_precision import LocalizationMetrics, evaluate
from zs_dagster.evaluation.protocols import PROTOCOLS, LocalizationProtocol
from zs_dagster.segments import LabelledSegments, Segments

Row = tuple[str, str, float, float, float]

THUMOS = PROTOCOLS["thumos14"]
PAPER = PROTOCOLS["zeal-paper"]
AT_HALF = LocalizationProtocol("mine", (0.5,))


def score(
    truth: Sequence[Row],
    found: Sequence[Row],
    protocol: LocalizationProtocol = AT_HALF,
    classes: Sequence[str] | None = None,
) -> LocalizationMetrics:
    return evaluate(
        LabelledSegments.from_rows(truth), LabelledSegments.from_rows(found), protocol, classes
    )


TWO = [("v", "x", 0.0, 10.0, 1.0), ("v", "x", 20.0, 30.0, 1.0)]


def test_one_class_by_hand() -> None:
    # Ranked: true, false (a second one on [0, 10]), true with tIoU 9/10. Precision 1, 1/2,
    # 2/3 at recall 1/2, 1/2, 1: 1/2 * 1 + 1/2 * 2/3 = 5/6. Above 0.9 only the first is true:
    # 1/2 * 1 = 1/2.
    found = [("v", "x", 0, 10, 0.9), ("v", "x", 0, 9, 0.8), ("v", "x", 21, 30, 0.7)]
    metrics = score(TWO, found, LocalizationProtocol("mine", (0.5, 0.9, 0.95)))
    np.testing.assert_allclose(metrics.ap, [[5 / 6], [5 / 6], [1 / 2]], rtol=1e-12)
    np.testing.assert_allclose(metrics.mean_ap, [5 / 6, 5 / 6, 1 / 2], rtol=1e-12)
    assert metrics.average_map == pytest.approx((5 / 6 + 5 / 6 + 1 / 2) / 3)


def test_precision_is_interpolated_from_the_right() -> None:
    # Ranked: false, true, true. Precision 0, 1/2, 2/3; both recall steps take 2/3.
    found = [("v", "x", 50, 60, 0.9), ("v", "x", 0, 10, 0.8), ("v", "x", 20, 30, 0.7)]
    assert score(TWO, found).average_map == pytest.approx(2 / 3)


def test_ranking_is_over_all_videos() -> None:
    # Per video both would be perfect; together a false one of another video is in between.
    truth = [("v", "x", 0.0, 10.0, 1.0), ("u", "x", 0.0, 10.0, 1.0)]
    found = [("v", "x", 0, 10, 0.9), ("w", "x", 0, 10, 0.8), ("u", "x", 0, 10, 0.7)]
    metrics = score(truth, found)
    assert metrics.average_map == pytest.approx(5 / 6)
    assert metrics.n_unknown_video == 1


def test_a_class_without_predictions_counts_as_zero() -> None:
    truth = [*TWO, ("v", "y", 0.0, 10.0, 1.0)]
    metrics = score(truth, TWO)
    assert metrics.classes == ("x", "y")
    assert metrics.ap.tolist() == [[1.0, 0.0]]
    assert metrics.average_map == 0.5


def test_no_predictions_score_zero_under_every_protocol() -> None:
    for protocol in PROTOCOLS.values():
        metrics = score(TWO, [], protocol)
        assert metrics.average_map == 0
        assert (metrics.n_ground_truth, metrics.n_predictions) == (2, 0)


def test_a_class_without_ground_truth_is_in_no_mean() -> None:
    found = [*TWO, ("v", "z", 0.0, 10.0, 0.9)]
    metrics = score(TWO, found)
    assert (metrics.classes, metrics.average_map) == (("x",), 1.0)
    assert (metrics.n_predictions, metrics.n_unknown_label) == (3, 1)
    asked = score(TWO, found, classes=["z", "x"])
    assert asked.classes == ("z", "x")
    assert math.isnan(asked.ap[0, 0])
    assert asked.average_map == 1.0
    assert asked.to_json()["per_class"] == {"z": {"0.5": None}, "x": {"0.5": 1.0}}


def test_classes_restrict_both_sides() -> None:
    truth = [*TWO, ("v", "y", 0.0, 10.0, 1.0)]
    found = [*TWO, ("v", "y", 50.0, 60.0, 1.0)]
    metrics = score(truth, found, classes=["x"])
    assert (metrics.n_ground_truth, metrics.n_predictions) == (2, 2)
    assert metrics.average_map == 1.0


@pytest.mark.parametrize(
    ("truth", "classes"), [([], None), ([], ["x"]), (TWO, ["X"]), (TWO, [])]
)
def test_without_ground_truth_there_is_nothing_to_say(
    truth: list[Row], classes: list[str] | None
) -> None:
    with pytest.raises(
        InputError, match=r"no ground truth to evaluate against: got \d segments"
    ):
        score(truth, TWO, classes=classes)


def test_a_class_asked_for_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"classes must differ, got 2 of which 1 differ"):
        score(TWO, TWO, classes=["x", "x"])


def test_the_paper_forgets_videos_without_predictions() -> None:
    truth = [("v", "x", 0.0, 10.0, 1.0), ("u", "x", 0.0, 10.0, 1.0), ("u", "y", 0.0, 1.0, 1.0)]
    found = [("v", "x", 0.0, 10.0, 0.9)]
    assert score(truth, found, THUMOS).average_map == 0.25  # x: 1/2, y: 0
    paper = score(truth, found, PAPER)
    assert (paper.average_map, paper.n_ground_truth, paper.classes) == (1.0, 1, ("x",))
    # As many predicted videos as annotated ones, whichever they are: nothing is forgotten.
    elsewhere = [*found, ("w", "x", 0.0, 10.0, 0.1)]
    assert score(truth, elsewhere, PAPER).n_ground_truth == 3
    # Nothing would be left: everything stays, and nothing is right.
    lost = score(truth, [("w", "x", 0.0, 10.0, 0.9)], PAPER)
    assert (lost.average_map, lost.n_ground_truth) == (0.0, 3)
    # Predictions of classes that were not asked for still count as predictions of the video.
    other = [*found, ("u", "z", 0.0, 10.0, 0.9)]
    assert score(truth, other, PAPER, classes=["x"]).n_ground_truth == 2


def test_duplicated_and_empty_ground_truth_lowers_recall() -> None:
    truth = [("v", "x", 0.0, 10.0, 1.0)] * 2 + [("v", "x", 3.0, 3.0, 1.0)]
    found = [("v", "x", 0.0, 10.0, 0.9), ("v", "x", 3.0, 3.0, 0.8)]
    assert score(truth, found).average_map == pytest.approx(1 / 3)
    twice = [found[0], ("v", "x", 0.0, 10.0, 0.85)]
    assert score(truth, twice).average_map == pytest.approx(2 / 3)


def test_the_published_form() -> None:
    metrics = score(TWO, TWO[:1], PROTOCOLS["activitynet"])
    form = json.loads(json.dumps(metrics.to_json(), allow_nan=False))
    assert list(form) == [
        "protocol",
        "thresholds",
        "mAP",
        "average_mAP",
        "per_class",
        "n_ground_truth",
        "n_predictions",
    ]
    keys = ["0.5", "0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"]
    assert form["mAP"] == dict.fromkeys(keys, 0.5)
    assert form["per_class"] == {"x": dict.fromkeys(keys, 0.5)}
    assert (form["protocol"], form["average_mAP"]) == ("activitynet", 0.5)
    assert (form["n_ground_truth"], form["n_predictions"]) == (2, 1)
    assert form["thresholds"] == [float(key) for key in keys]


spans = st.tuples(st.integers(0, 10), st.integers(0, 6)).map(
    lambda pair: (float(pair[0]), float(pair[0] + pair[1]))
)


def rows_of(videos: str, labels: str, max_size: int) -> st.SearchStrategy[list[Row]]:
    row = st.tuples(
        st.sampled_from(videos), st.sampled_from(labels), spans, st.integers(1, 4)
    ).map(lambda row: (row[0], row[1], *row[2], row[3] / 4))
    return st.lists(row, max_size=max_size)


@settings(deadline=None)
@given(rows_of("uv", "xy", 14).filter(len), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(truth: list[Row], seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = [(v, c, max(0.0, a - 1), b, s) for v, c, a, b, s in truth] + truth[:3]
    shuffled = [found[i] for i in rng.permutation(len(found))]
    shuffled_truth = [truth[i] for i in rng.permutation(len(truth))]
    np.testing.assert_array_equal(
        score(truth, found, THUMOS).ap, score(shuffled_truth, shuffled, THUMOS).ap
    )


@settings(deadline=None)
@given(rows_of("uv", "xy", 14).filter(len))
def test_perfect_predictions_score_one_and_only_the_order_of_scores_matters(
    truth: list[Row],
) -> None:
    lasting = [row for row in truth if row[3] > row[2]]
    if lasting:
        assert score(lasting, lasting, THUMOS).average_map == 1.0
    found = [(*row[:4], row[4] ** 3 - 7) for row in truth]
    np.testing.assert_array_equal(
        score(truth, found, THUMOS).ap, score(truth, truth, THUMOS).ap
    )


def test_nan_never_reaches_the_ranking() -> None:
    with pytest.raises(InputError, match=r"score must be finite, got nan"):
        Segments(np.zeros(1), np.ones(1), np.array([math.nan]))
