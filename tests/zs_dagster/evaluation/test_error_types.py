"""Every kind of error, one at a time; what fixing it is worth."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from zs_dagster.errors import InputError
from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.error_types import ERRORS, KINDS, error_types
from zs_dagster.evaluation.protocols import LocalizationProtocol, get_protocol
from zs_dagster.segments import LabelledSegments, Segments

HALF = LocalizationProtocol("half", (0.5,))
Row = tuple[str, str, float, float, float]
TRUTH: list[Row] = [("v", "a", 0, 10, 1), ("v", "b", 20, 30, 1), ("w", "a", 0, 10, 1)]
FOUND: Row = ("v", "a", 0, 10, 0.5)


def counts(rows: list[Row], truth: list[Row] = TRUTH) -> dict[str, int]:
    found = error_types(
        LabelledSegments.from_rows(truth), LabelledSegments.from_rows(rows), HALF
    )
    assert tuple(kind.kind for kind in found) == KINDS
    return {kind.kind: kind.count for kind in found if kind.count}


def gains(rows: list[Row], truth: list[Row] = TRUTH) -> dict[str, float]:
    found = error_types(
        LabelledSegments.from_rows(truth), LabelledSegments.from_rows(rows), HALF
    )
    return {kind.kind: kind.gain for kind in found}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("v", "a", 0, 10, 0.9), "true positive"),
        (("v", "a", 0, 5, 0.9), "true positive"),
        (("v", "a", 0, 4.9, 0.9), "localization"),
        (("v", "a", 0, 1, 0.9), "localization"),
        (("v", "a", 0, 0.9, 0.9), "background"),
        (("v", "a", 12, 18, 0.9), "background"),
        (("u", "a", 0, 10, 0.9), "background"),
        (("v", "b", 0, 10, 0.9), "wrong label"),
        (("v", "a", 20, 30, 0.9), "wrong label"),
        (("v", "b", 0, 3, 0.9), "confusion"),
        # It overlaps b by 0.44 and its own class by 0.22: the larger overlap decides.
        (("v", "a", 6, 26, 0.9), "confusion"),
    ],
)
def test_one_prediction_is_of_one_kind(row: Row, kind: str) -> None:
    assert counts([row]) == {kind: 1, "missed": 2 if kind == "true positive" else 3}


def test_the_better_of_two_is_right_and_the_other_a_duplicate() -> None:
    rows = [("v", "a", 0, 9, 0.4), FOUND]
    assert counts(rows) == {"true positive": 1, "duplicate": 1, "missed": 2}


def test_a_duplicate_stays_one_where_another_class_overlaps_more() -> None:
    truth: list[Row] = [("v", "a", 0, 10, 1.0), ("v", "b", 0, 8, 1.0)]
    rows: list[Row] = [("v", "a", 0, 10, 0.9), ("v", "a", 0, 8, 0.5)]
    assert counts(rows, truth) == {"true positive": 1, "duplicate": 1, "missed": 1}


def test_only_the_first_ten_per_true_segment_are_looked_at() -> None:
    rows = [FOUND, *(("v", "b", 40.0 + i, 41.0 + i, 0.1) for i in range(25))]
    assert counts(rows)["background"] == 10


def test_labels_without_ground_truth_are_left_out() -> None:
    assert counts([FOUND, ("v", "c", 0, 10, 1.0)]) == {"true positive": 1, "missed": 2}


def test_fixing_a_kind_is_worth_what_evaluating_without_it_says() -> None:
    rows = [
        ("v", "a", 40.0, 50.0, 0.9),  # background above both true ones
        ("v", "a", 0.0, 3.0, 0.8),  # localization
        ("v", "a", 0.0, 10.0, 0.7),
        ("v", "a", 0.0, 9.0, 0.6),  # duplicate
        ("w", "a", 0.0, 10.0, 0.5),
        ("v", "b", 0.0, 10.0, 0.9),  # wrong label
        ("v", "b", 20.0, 30.0, 0.5),
    ]
    truth = LabelledSegments.from_rows(TRUTH)

    def without(*dropped: int) -> float:
        kept = [row for i, row in enumerate(rows) if i not in dropped]
        return evaluate(truth, LabelledSegments.from_rows(kept), HALF).average_map

    found = gains(rows)
    assert found["background"] == pytest.approx(without(0) - without())
    assert found["localization"] == pytest.approx(without(1) - without())
    assert found["duplicate"] == pytest.approx(without(3) - without())
    assert found["wrong label"] == pytest.approx(without(5) - without())
    assert found["confusion"] == found["missed"] == found["true positive"] == 0
    # By hand for a: right at ranks 3 and 5 (AP 0.4), without the background at 2 and 4 (0.5).
    assert found["background"] == pytest.approx(0.05)


def test_fixing_missed_segments_finds_them_before_all_else() -> None:
    wrong = ("v", "a", 40.0, 50.0, 0.9)
    # a: missed first, then wrong, then found: precision 1 and 2/3. b: all missed, so 1.
    assert gains([wrong, FOUND])["missed"] == pytest.approx((5 / 6 + 1) / 2 - (1 / 4 + 0) / 2)


def test_without_ground_truth_nothing_can_be_said() -> None:
    with pytest.raises(
        InputError, match="there must be ground truth to tell errors by, got none"
    ):
        counts([FOUND], [])


def test_the_thresholds_are_those_of_the_protocol() -> None:
    thumos = get_protocol("thumos14")
    rows = LabelledSegments.from_rows([("v", "a", 0, 4.5, 0.9)])
    found = error_types(LabelledSegments.from_rows(TRUTH), rows, thumos)
    right = [kind.count for kind in found if kind.kind == "true positive"]
    assert right == [1, 1, 0, 0, 0]
    assert list(dict.fromkeys(kind.tiou for kind in found)) == list(thumos.thresholds)


@given(seed=st.integers(0, 10_000))
def test_kinds_share_out_the_predictions_and_no_fix_costs(seed: int) -> None:
    generator = np.random.default_rng(seed)

    def drawn(n: int) -> list[Row]:
        start, length, score = generator.uniform(0, (30, 12, 1), (n, 3)).T
        names = generator.choice(["v", "w"], n), generator.choice(["a", "b", "c"], n)
        columns = (*names, start, start + length + 0.1, score)
        return [
            (str(v), str(c), float(s), float(e), float(k))
            for v, c, s, e, k in zip(*columns, strict=True)
        ]

    truth, rows = drawn(8), drawn(20)
    predictions = LabelledSegments.from_rows(rows)
    found = error_types(LabelledSegments.from_rows(truth), predictions, HALF)
    count = {kind.kind: kind.count for kind in found}
    labels = {row[1] for row in truth}
    known = sum(row[1] in labels for row in rows)
    limit = {c: 10 * sum(row[1] == c for row in truth) for c in labels}
    shown = sum(min(limit[c], sum(row[1] == c for row in rows)) for c in labels)
    assert sum(count.values()) - count["missed"] == shown <= known
    assert count["missed"] >= len(truth) - known
    present = evaluate(LabelledSegments.from_rows(truth), predictions, HALF).average_map
    gain = {kind.kind: kind.gain for kind in found}
    assert all(-1e-12 <= gain[kind] <= 1 - present + 1e-12 for kind in ERRORS)


class Compared(str):
    """A text that counts how often any of its kind is compared."""

    times = 0

    @override
    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_names_of_videos_are_compared_no_more_than_a_few_times_each() -> None:
    names = [Compared(f"video {i}") for i in range(200)]
    texts: Any = np.array([Compared(name) for name in names for _ in range(5)], np.object_)
    videos: Any = np.array(names, np.object_)
    start = np.tile(np.arange(5.0), 200)
    found = LabelledSegments(
        texts, np.full(1000, "a"), Segments(start, start + 1, np.linspace(0, 1, 1000))
    )
    truth = LabelledSegments(
        videos,
        np.full(200, "a"),
        Segments(np.zeros(200), np.ones(200), np.ones(200)),
    )
    Compared.times = 0
    kinds = {kind.kind: kind.count for kind in error_types(truth, found, HALF)}
    assert (kinds["true positive"], kinds["background"]) == (200, 800)
    assert Compared.times <= 20 * len(found)
